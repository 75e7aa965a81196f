import type { Tx } from './db.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

/**
 * What calls of one kind add up to. Of the keys, those that the row is not about are absent from `about`:
 * nothing (all calls), a bucket, a model, an agent or a project. Calls of one duration stand in a row of their own.
 */
export interface MetricRow {
  about: 'all' | 'bucket' | 'model' | 'agent' | 'project';
  bucket: string | null;
  provider: string | null;
  model: string | null;
  agent_id: string | null;
  project_id: string | null;
  /** To three digits. */
  duration_ms: number;
  calls: string;
  failed: string;
  unpriced_calls: string;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
}

export type RefusalRow = Pick<MetricRow, 'about' | 'bucket' | 'provider' | 'model' | 'agent_id' | 'project_id'> & {
  refused: string;
};

export interface MetricsAsked {
  from: string;
  to: string;
  bucket_ms: number;
  model?: string[] | undefined;
  provider?: string[] | undefined;
}

interface Of {
  tenant_id: string;
  scope: Scope;
  asked: MetricsAsked;
}

/** Which breakdown a row of the grouping sets belongs to. */
const about = `case grouping(bucket, model, agent_id, project_id)
  when 7 then 'bucket' when 11 then 'model' when 13 then 'agent' when 14 then 'project' else 'all' end as about`;

const sets = (more: string) =>
  `grouping sets ((${more}), (${more}bucket), (${more}provider, model), (${more}agent_id), (${more}project_id))`;

/**
 * Sums of calls, for all breakdowns at once. Quantiles need the durations themselves; rounded to three digits there are
 * at most a few thousand of them, so that they are counted in the same pass and no row is sorted.
 */
export function sumCalls(tx: Tx, of: Of): Promise<MetricRow[]> {
  const filter = recordFilter(of);
  return tx.query<MetricRow>(
    `with calls as (
        select date_bin($${filter.values.length + 1}, x.admitted_at, 'epoch') as bucket, x.provider, x.model, x.agent_id, x.project_id,
            x.execution_status, x.cost_usd, x.input_tokens, x.output_tokens,
            greatest(round(date_part('epoch', x.settled_at - x.admitted_at) * 1000), 0) as ms
          from llm_run_records x where ${filter.text}
      ), rounded as (
        select *, case when ms < 1000 then ms else round(ms / power(10, floor(log(ms)) - 2)) * power(10, floor(log(ms)) - 2) end as duration_ms
          from calls
      ), parts as (
        select bucket, provider, model, agent_id, project_id, duration_ms, count(*) as calls,
            count(*) filter (where execution_status <> 'succeeded') as failed, count(*) filter (where cost_usd is null) as unpriced_calls,
            sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd
          from rounded group by 1, 2, 3, 4, 5, 6
      )
      select ${about}, bucket, provider, model, agent_id, project_id, duration_ms,
          sum(calls) as calls, sum(failed) as failed, sum(unpriced_calls) as unpriced_calls,
          coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
          coalesce(sum(cost_usd), 0)::text as cost_usd
        from parts group by ${sets('duration_ms, ').replace('(duration_ms, )', '(duration_ms)')}`,
    [...filter.values, `${of.asked.bucket_ms} milliseconds`],
  );
}
