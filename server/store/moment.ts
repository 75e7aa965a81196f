import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import { ofOneMoment } from './control-read.ts';

/**
 * A moment of the database: which transactions had committed, and when it was. What changed after it is found exactly,
 * whatever the order of commits, because each row carries the transaction that wrote it last (`xmin`): no table of
 * events is written for it, no sequence can be overtaken.
 */
export interface Moment {
  snapshot: string;
  at_ms: number;
}

export const momentText = ({ snapshot, at_ms }: Moment): string => `${snapshot}@${at_ms}`;

const form = /^(\d{1,20}:\d{1,20}:[\d,]{0,1900})@(\d{1,15})$/;

/** The moment that an event id names; null when there is none. */
export function momentOf(id: string | null): Moment | null {
  if (id === null) return null;
  const [, snapshot, at_ms] = form.exec(id) ?? [];
  if (snapshot !== undefined && at_ms !== undefined) return { snapshot, at_ms: Number(at_ms) };
  throw new Problem('invalid_header', 'Last-Event-ID is no id of an event of this stream. Leave it out to begin anew.');
}

/** Fixes what the rest of the transaction sees, and says which moment it is. To be called first. */
export async function thisMoment(tx: Tx): Promise<Moment> {
  await ofOneMoment(tx);
  const [row] = await tx.query<Moment>(
    `select pg_current_snapshot()::text as snapshot, floor(extract(epoch from clock_timestamp()) * 1000)::float8 as at_ms`,
  );
  return row as Moment;
}

/**
 * A condition on rows that a transaction wrote which was not visible at the moment in parameter `param`, a snapshot as
 * text; null there is before everything. `xmin` has 32 bits: the rest is that of the newest transaction, or one less.
 */
export function changedSince(alias: string, param: string): string {
  const newest = 'pg_snapshot_xmax(pg_current_snapshot())::text::bigint';
  const low = `${alias}.xmin::text::bigint`;
  const whole = `((${newest} >> 32) - (case when ${low} > (${newest} & 4294967295) then 1 else 0 end) << 32) | ${low}`;
  return `(${param}::text is null or not pg_visible_in_snapshot((${whole})::text::xid8, ${param}::pg_snapshot))`;
}
