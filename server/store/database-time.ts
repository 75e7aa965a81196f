import type { Tx } from '../base/database.ts';

/** What the clock of the database shows, in milliseconds since 1970. */
export async function databaseTime(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ now_ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms',
  );
  return Number(row?.now_ms);
}
