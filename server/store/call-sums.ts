import type { Tx } from '../base/database.ts';
import type { SummedStretch, Sums } from './sums.ts';

/** What calls are added up by. */
interface Kept {
  table: 'call_sums' | 'asker_sums';
  parts: string;
  rows: string;
}

const parts = 'project_id, agent_id, provider, model';

/** What calls add up to. Synthetic ones, which come backdated, and reported ones, which come when they like, are no part. */
export const call_sums = sumsOf({ table: 'call_sums', parts, rows: 'llm_run_records' });

/** The same for each person and for each key: a call is in the sums of both. */
export const asker_sums = sumsOf({
  table: 'asker_sums',
  parts: `asker_id, ${parts}`,
  rows: `llm_run_records join lateral (values (actor_id), (api_key_id)) askers (asker_id) on asker_id is not null`,
});

function sumsOf(kept: Kept): Sums {
  return {
    table: kept.table,
    of: 'llm_run_records',
    kind: 'record',
    at: 'admitted_at',
    hours: (tx, tenant_id, stretch) => sumHours(tx, kept, tenant_id, stretch),
    days: (tx, tenant_id, from, to) => sumDays(tx, kept, tenant_id, from, to),
  };
}

async function sumHours(
  tx: Tx,
  { table, parts, rows }: Kept,
  tenant_id: string,
  stretch: SummedStretch,
): Promise<void> {
  const { from, to, from_id, to_id } = stretch;
  await tx.query(
    `insert into ${table} (tenant_id, width, start, ${parts}, calls, failed, unpriced_calls, input_tokens,
        output_tokens, cost_usd, duration_classes, duration_counts)
      select $1, 'hour', hour, ${parts}, sum(calls), sum(failed), sum(unpriced_calls), sum(input_tokens),
          sum(output_tokens), sum(cost_usd), array_agg(class order by class), array_agg(calls order by class)
        from (select date_bin('1 hour', admitted_at, 'epoch') as hour, ${parts},
              duration_class(${duration_ms}) as class, count(*) as calls,
              count(*) filter (where execution_status <> 'succeeded') as failed,
              count(*) filter (where cost_usd is null) as unpriced_calls, coalesce(sum(input_tokens), 0) as input_tokens,
              coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd
            from ${rows}
            where tenant_id = $1 and id >= $4 and id < $5 and admitted_at >= $2 and admitted_at < $3
              and not is_synthetic and source <> 'reported'
            group by hour, ${parts}, class) classes
        group by hour, ${parts}`,
    [tenant_id, from, to, from_id, to_id],
  );
}

/** How long a call took, in whole milliseconds. */
export const duration_ms = `greatest(round(date_part('epoch', settled_at - admitted_at) * 1000), 0)::int`;

async function sumDays(tx: Tx, { table, parts }: Kept, tenant_id: string, from: string, to: string): Promise<void> {
  const all = ['day', ...parts.split(', ')];
  const equals = (part: string) => (part === 'agent_id' ? 'is not distinct from' : '=');
  const same = all.map((part) => `d.${part} ${equals(part)} s.${part}`).join(' and ');
  await tx.query(
    `with hours as (
        select date_bin('1 day', start, 'epoch') as day, * from ${table}
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
      insert into ${table} (tenant_id, width, start, ${parts}, calls, failed, unpriced_calls, input_tokens,
          output_tokens, cost_usd, duration_classes, duration_counts)
        select $1, 'day', ${all.map((part) => `s.${part}`).join(', ')}, s.calls, s.failed, s.unpriced_calls,
            s.input_tokens, s.output_tokens, s.cost_usd, d.classes, d.counts
          from sums s join durations d on ${same}`,
    [tenant_id, from, to],
  );
}
