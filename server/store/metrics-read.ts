import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';
import { inScope } from './list-scope.ts';
import { type MetricsOf, metricStretches, piecesOf } from './metrics-pieces.ts';

/** Which breakdown a row belongs to, and which part of it; keys of other breakdowns are null. */
export interface MetricKey {
  about: 'all' | 'bucket' | 'provider' | 'model' | 'agent' | 'project';
  bucket: string | null;
  provider: string | null;
  model: string | null;
  agent_id: string | null;
  project_id: string | null;
}

export interface SumRow extends MetricKey {
  calls: string;
  failed: string;
  unpriced_calls: string;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
}

/** Durations that half and nineteen of twenty calls do not exceed. */
export interface DurationRow extends MetricKey {
  quantiles: [number, number];
}

export interface RefusalRow extends MetricKey {
  refused: string;
}

const key = `case grouping(bucket, provider, model, agent_id, project_id)
    when 15 then 'bucket' when 19 then 'model' when 23 then 'provider' when 29 then 'agent' when 30 then 'project'
    else 'all' end as about,
  bucket, provider, model, agent_id, project_id`;
const breakdowns = 'grouping sets ((), (bucket), (provider), (provider, model), (agent_id), (project_id))';

/** Sums over all calls and for the parts of each breakdown, in one pass. */
export function sumCalls(tx: Tx, of: MetricsOf): Promise<SumRow[]> {
  const { rows, values } = piecesOf(of, 'sums');
  return tx.query<SumRow>(
    `select ${key}, coalesce(sum(calls), 0) as calls, coalesce(sum(failed), 0) as failed,
        coalesce(sum(unpriced_calls), 0) as unpriced_calls, coalesce(sum(input_tokens), 0) as input_tokens,
        coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd
      from (${rows}) calls group by ${breakdowns}`,
    values,
  );
}

/**
 * Quantiles of how long calls took. A statement of its own: it sorts, which the sums need not wait for. Where sums are
 * read, the middle of the class in which the quantile lies: at most a twentieth above or below it.
 */
export function durationsOf(tx: Tx, of: MetricsOf): Promise<DurationRow[]> {
  const { rows, values } = piecesOf(of, 'durations');
  if (metricStretches(of).every(({ width }) => width === 'row'))
    return tx.query<DurationRow>(
      `select ${key}, percentile_disc(array[0.5, 0.95]) within group (order by duration_ms) as quantiles
        from (${rows}) calls group by ${breakdowns}`,
      values,
    );
  const part = 'about, bucket, provider, model, agent_id, project_id';
  return tx.query<DurationRow>(
    `with classes as (
        select ${key}, class, sum(calls) as calls from (${rows}) calls
          group by grouping sets ((class), (bucket, class), (provider, class), (provider, model, class), (agent_id, class),
            (project_id, class))),
      running as (
        select ${part}, class, sum(calls) over (partition by ${part} order by class) as upto,
            sum(calls) over (partition by ${part}) as of_all from classes)
      select ${part}, array[round(power(1.1, min(class) filter (where upto >= of_all * 0.5) - 0.5))::int,
          round(power(1.1, min(class) filter (where upto >= of_all * 0.95) - 0.5))::int] as quantiles
        from running group by ${part}`,
    values,
  );
}

/** Calls that were stopped before a provider was called. */
export function countRefusals(tx: Tx, of: MetricsOf): Promise<RefusalRow[]> {
  const filter = new Filter();
  const rows = refusalsIn(filter, of);
  const bucket = `date_bin($${filter.values.length + 1}, d.decided_at, 'epoch') as bucket`;
  return tx.query<RefusalRow>(
    `select ${key}, count(*) as refused from (
        select ${bucket}, d.call ->> 'provider' as provider, d.call ->> 'model' as model, d.agent_id, d.project_id
          from (${rows}) d) refusals
      group by ${breakdowns}`,
    [...filter.values, `${of.asked.bucket_ms} milliseconds`],
  );
}

/** Their decisions, as a statement within another one. */
export function refusalsIn(values: Filter, { tenant_id, scope, asked }: MetricsOf): string {
  const filter = new Filter(values.values)
    .where('d.tenant_id = ?', tenant_id)
    .always("d.verdict in ('pause', 'block', 'kill')");
  inScope(filter, 'd', scope);
  within(filter, { id: 'd.id', kind: 'decision', at: 'd.decided_at' }, asked.from, asked.to);
  filter.asked("d.call ->> 'model'", asked.model).asked("d.call ->> 'provider'", asked.provider);
  return `select d.* from decisions d where ${filter.text}`;
}

/** Names of agents and projects by id. */
export async function slugsOf(tx: Tx, tenant_id: string, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; slug: string }>(
    `select id, slug from agents where tenant_id = $1 and id = any($2)
      union all select id, slug from projects where tenant_id = $1 and id = any($2)`,
    [tenant_id, ids],
  );
  return new Map(rows.map((row) => [row.id, row.slug]));
}
