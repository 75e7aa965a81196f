import { firstSuffixAt, type IdKind, id_prefixes } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';

/** What rows of one table add up to in each hour and day (UTC), tenant by tenant. */
export interface Sums {
  /** Where they are; how far they reach stands in the table of this name with `_until`. */
  table: 'call_sums' | 'asker_sums' | 'run_sums';
  /** What is summed up, and the ids of its rows. */
  of: 'llm_run_records' | 'runs';
  kind: IdKind;
  /** The instant of a row, by which it belongs to an hour. */
  at: 'admitted_at' | 'created_at';
  hours(tx: Tx, tenant_id: string, stretch: SummedStretch): Promise<unknown>;
  days(tx: Tx, tenant_id: string, from: string, to: string): Promise<unknown>;
  /** What had to wait when its hour was summed up, and need not any more. */
  late?(tx: Tx, tenant_id: string, days_until: string): Promise<unknown>;
}

/** Rows from an instant on and before another one, by their instants, and by the ids that these can have. */
export interface SummedStretch {
  from: string;
  to: string;
  from_id: string;
  to_id: string;
}

/** What is summed up of a tenant, milliseconds since 1970. */
export interface Summed {
  since_ms: number;
  hours_until_ms: number;
  days_until_ms: number;
}

export const hour_ms = 3_600_000;
export const day_ms = 86_400_000;

/** Most that one transaction sums up. */
const chunk_ms = 6 * hour_ms;

/** A call is recorded as admitted a moment before its hold says so; clocks of two machines differ by less than this. */
const margin_ms = 60_000;

/** An id is made close to the instant of its row. */
const id_margin_ms = hour_ms;

const inMs = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint as ${column}_ms`;

/** Null: nothing is. */
export async function summedOf(tx: Tx, { table }: Sums, tenant_id: string, lock = ''): Promise<Summed | null> {
  const [row] = await tx.query<Record<keyof Summed, string>>(
    `select ${inMs('since')}, ${inMs('hours_until')}, ${inMs('days_until')} from ${table}_until where tenant_id = $1 ${lock}`,
    [tenant_id],
  );
  if (!row) return null;
  const { since_ms, hours_until_ms, days_until_ms } = row;
  return { since_ms: Number(since_ms), hours_until_ms: Number(hours_until_ms), days_until_ms: Number(days_until_ms) };
}

/**
 * Sums up the next hours that are complete, and the days that they complete; false: there is nothing more to do now. An
 * hour is complete when it ended a while ago and no hold is left of it: a record is written in the transaction that ends
 * its hold. Two processes do not sum up at once.
 */
export async function sumUp(tx: Tx, sums: Sums, tenant_id: string, ended_before_ms: number): Promise<boolean> {
  await begin(tx, sums, tenant_id);
  const summed = await summedOf(tx, sums, tenant_id, 'for update skip locked');
  if (!summed) return false;
  const { hours_until_ms, days_until_ms } = summed;
  await sums.late?.(tx, tenant_id, instant(days_until_ms));
  const complete_ms = Math.min(ended_before_ms, await oldestHoldMs(tx, tenant_id));
  const until_ms = Math.min(hours_until_ms + chunk_ms, Math.floor(complete_ms / hour_ms) * hour_ms);
  if (until_ms <= hours_until_ms) return false;
  await sums.hours(tx, tenant_id, stretchOf(sums.kind, hours_until_ms, until_ms));
  const days_ms = Math.max(days_until_ms, Math.floor(until_ms / day_ms) * day_ms);
  if (days_ms > days_until_ms) await sums.days(tx, tenant_id, instant(days_until_ms), instant(days_ms));
  await tx.query(`update ${sums.table}_until set hours_until = $2, days_until = $3 where tenant_id = $1`, [
    tenant_id,
    instant(until_ms),
    instant(days_ms),
  ]);
  return true;
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();

function stretchOf(kind: IdKind, from_ms: number, to_ms: number): SummedStretch {
  const firstId = (at_ms: number) => `${id_prefixes[kind]}_${firstSuffixAt(at_ms)}`;
  return {
    ...{ from: instant(from_ms), to: instant(to_ms) },
    ...{ from_id: firstId(from_ms - id_margin_ms), to_id: firstId(to_ms + id_margin_ms) },
  };
}

/**
 * Begins with the day of the first row, whatever it is of: what is not part of the sums is then passed once, stretch
 * by stretch, and not looked through at every look for the first row that is.
 */
async function begin(tx: Tx, { table, of, at }: Sums, tenant_id: string): Promise<void> {
  await tx.query(
    `insert into ${table}_until (tenant_id, since, hours_until, days_until)
      select $1, day, day, day from (
        select date_trunc('day', ${at} - interval '1 hour') as day from ${of}
          where tenant_id = $1 order by tenant_id, id limit 1) first
        where not exists (select from ${table}_until where tenant_id = $1)
      on conflict do nothing`,
    [tenant_id],
  );
}

async function oldestHoldMs(tx: Tx, tenant_id: string): Promise<number> {
  const [row] = await tx.query<{ oldest: string | null }>(
    'select min(admitted_at) as oldest from holds where tenant_id = $1',
    [tenant_id],
  );
  return row?.oldest ? Date.parse(row.oldest) - margin_ms : Infinity;
}
