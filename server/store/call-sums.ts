import type { Tx } from '../base/database.ts';
import type { SummedStretch, Sums } from './sums.ts';

/** What calls add up to. Synthetic ones, which come backdated, and reported ones, which come when they like, are no part. */
export const call_sums: Sums = {
  until: 'call_sums_until',
  of: 'llm_run_records',
  kind: 'record',
  at: 'admitted_at',
  hours: sumHours,
  days: sumDays,
};

const parts = 'project_id, agent_id, provider, model';

async function sumHours(tx: Tx, tenant_id: string, { from, to, from_id, to_id }: SummedStretch): Promise<void> {
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
    [tenant_id, from, to, from_id, to_id],
  );
}

/** How long a call took, in whole milliseconds. */
export const duration_ms = `greatest(round(date_part('epoch', settled_at - admitted_at) * 1000), 0)::int`;

async function sumDays(tx: Tx, tenant_id: string, from: string, to: string): Promise<void> {
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
    [tenant_id, from, to],
  );
}
