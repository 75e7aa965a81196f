import type { Tx } from '../base/database.ts';

/** How many months of partitions are kept ready, the present one included. */
const months_ahead = 4;

export async function extendPartitions(tx: Tx): Promise<void> {
  await tx.query('call ensure_partitions(clock_timestamp(), $1)', [months_ahead]);
}

/** The partitions from the month of an instant of the past on. */
export async function monthsFrom(tx: Tx, at: string): Promise<void> {
  await tx.query(
    `call ensure_partitions($1::timestamptz, greatest(1, 1 + ceil(extract(epoch from clock_timestamp() - $1::timestamptz) / 2419200)::int))`,
    [at],
  );
}
