import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';

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
export async function summedOf(tx: Tx, tenant_id: string, lock = ''): Promise<Summed | null> {
  const [row] = await tx.query<Record<keyof Summed, string>>(
    `select ${inMs('since')}, ${inMs('hours_until')}, ${inMs('days_until')} from call_sums_until where tenant_id = $1 ${lock}`,
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
export async function sumUp(tx: Tx, tenant_id: string, ended_before_ms: number): Promise<boolean> {
  await begin(tx, tenant_id);
  const summed = await summedOf(tx, tenant_id, 'for update skip locked');
  if (!summed) return false;
  const { hours_until_ms, days_until_ms } = summed;
  const complete_ms = Math.min(ended_before_ms, await oldestHoldMs(tx, tenant_id));
  const until_ms = Math.min(hours_until_ms + chunk_ms, Math.floor(complete_ms / hour_ms) * hour_ms);
  if (until_ms <= hours_until_ms) return false;
  await sumHours(tx, tenant_id, hours_until_ms, until_ms);
  const days_ms = Math.max(days_until_ms, Math.floor(until_ms / day_ms) * day_ms);
  if (days_ms > days_until_ms) await sumDays(tx, tenant_id, days_until_ms, days_ms);
  await tx.query('update call_sums_until set hours_until = $2, days_until = $3 where tenant_id = $1', [
    tenant_id,
    instant(until_ms),
    instant(days_ms),
  ]);
  return true;
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();

/**
 * Begins with the day of the first record, whatever it is of: what is not part of the sums is then passed once, stretch
 * by stretch, and not looked through at every look for the first call that is.
 */
async function begin(tx: Tx, tenant_id: string): Promise<void> {
  await tx.query(
    `insert into call_sums_until (tenant_id, since, hours_until, days_until)
      select $1, day, day, day from (
        select date_trunc('day', admitted_at - interval '1 hour') as day from llm_run_records
          where tenant_id = $1 order by tenant_id, id limit 1) first
        where not exists (select from call_sums_until where tenant_id = $1)
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

const parts = 'project_id, agent_id, provider, model';

async function sumHours(tx: Tx, tenant_id: string, from_ms: number, to_ms: number): Promise<void> {
  await tx.query(
    `insert into call_sums (tenant_id, width, start, ${parts}, calls, failed, unpriced_calls, input_tokens,
        output_tokens, cost_usd, duration_classes, duration_counts)
      select $1, 'hour', hour, ${parts}, sum(calls), sum(failed), sum(unpriced_calls), sum(input_tokens),
          sum(output_tokens), sum(cost_usd), array_agg(class order by class), array_agg(calls order by class)
        from (select date_bin('1 hour', admitted_at, 'epoch') as hour, ${parts},
              duration_class(${duration_ms}) as class, count(*) as calls,
              count(*) filter (where execution_status <> 'succeeded') as failed,
              count(*) filter (where cost_usd is null) as unpriced_calls, coalesce(sum(input_tokens), 0) as input_tokens,
              coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd
            from llm_run_records
            where tenant_id = $1 and id >= $4 and id < $5 and admitted_at >= $2 and admitted_at < $3
              and not is_synthetic and source <> 'reported'
            group by hour, ${parts}, class) classes
        group by hour, ${parts}`,
    [
      ...[tenant_id, instant(from_ms), instant(to_ms)],
      ...[`rec_${firstSuffixAt(from_ms - id_margin_ms)}`, `rec_${firstSuffixAt(to_ms + id_margin_ms)}`],
    ],
  );
}

/** How long a call took, in whole milliseconds. */
export const duration_ms = `greatest(round(date_part('epoch', settled_at - admitted_at) * 1000), 0)::int`;

async function sumDays(tx: Tx, tenant_id: string, from_ms: number, to_ms: number): Promise<void> {
  await tx.query(
    `with hours as (
        select date_bin('1 day', start, 'epoch') as day, * from call_sums
          where tenant_id = $1 and width = 'hour' and start >= $2 and start < $3),
      sums as (
        select day, ${parts}, sum(calls) as calls, sum(failed) as failed, sum(unpriced_calls) as unpriced_calls,
            sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd
          from hours group by day, ${parts}),
      durations as (
        select day, ${parts}, array_agg(class order by class) as classes, array_agg(calls order by class) as counts
          from (select day, ${parts}, class, sum(of_class) as calls
              from hours, unnest(duration_classes, duration_counts) as of (class, of_class)
              group by day, ${parts}, class) classes
          group by day, ${parts})
      insert into call_sums (tenant_id, width, start, ${parts}, calls, failed, unpriced_calls, input_tokens,
          output_tokens, cost_usd, duration_classes, duration_counts)
        select $1, 'day', s.day, s.project_id, s.agent_id, s.provider, s.model, s.calls, s.failed, s.unpriced_calls,
            s.input_tokens, s.output_tokens, s.cost_usd, d.classes, d.counts
          from sums s join durations d on d.day = s.day and d.project_id = s.project_id
            and d.agent_id is not distinct from s.agent_id and d.provider = s.provider and d.model = s.model`,
    [tenant_id, instant(from_ms), instant(to_ms)],
  );
}
