import type { CallPart } from '@aos/core/activity/metrics-sum.ts';
import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

/** What a part of the metrics is about. Keys of other breakdowns are null. */
export interface MetricKey {
  bucket: string | null;
  provider: string | null;
  model: string | null;
  agent_id: string | null;
  project_id: string | null;
}

type About = { about: 'all' | 'bucket' | 'model' | 'agent' | 'project' };

/** Calls of one duration (rounded to three digits) in one part of one breakdown. */
export type MetricRow = About & MetricKey & CallPart;
export type RefusalRow = About & MetricKey & { refused: string };

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

const sets = (...also: string[]): string => {
  const keys = [[], ['bucket'], ['provider', 'model'], ['agent_id'], ['project_id']];
  return `grouping sets (${keys.map((key) => `(${[...also, ...key].join(', ')})`).join(', ')})`;
};

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
        from parts group by ${sets('duration_ms')}`,
    [...filter.values, `${of.asked.bucket_ms} milliseconds`],
  );
}

/** Calls that were stopped before a provider was called, for the same breakdowns. */
export function countRefusals(tx: Tx, of: Of): Promise<RefusalRow[]> {
  const { asked } = of;
  const filter = new Filter().where('d.tenant_id = ?', of.tenant_id).always("d.verdict in ('pause', 'block', 'kill')");
  inScope(filter, 'd', of.scope);
  within(filter, { id: 'd.id', kind: 'decision', at: 'd.decided_at' }, asked.from, asked.to);
  filter.among("d.call ->> 'model'", asked.model).among("d.call ->> 'provider'", asked.provider);
  return tx.query<RefusalRow>(
    `with refusals as (
        select date_bin($${filter.values.length + 1}, d.decided_at, 'epoch') as bucket, d.call ->> 'provider' as provider,
            d.call ->> 'model' as model, d.agent_id, d.project_id
          from decisions d where ${filter.text}
      )
      select ${about}, bucket, provider, model, agent_id, project_id, count(*) as refused from refusals group by ${sets()}`,
    [...filter.values, `${asked.bucket_ms} milliseconds`],
  );
}

function recordFilter({ tenant_id, scope, asked }: Of): Filter {
  const filter = new Filter().where('x.tenant_id = ?', tenant_id);
  inScope(filter, 'x', scope);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.admitted_at' }, asked.from, asked.to);
  return filter.among('x.model', asked.model).among('x.provider', asked.provider);
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
