import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

/** Which breakdown a row belongs to, and which part of it; keys of other breakdowns are null. */
export interface MetricKey {
  about: 'all' | 'bucket' | 'model' | 'agent' | 'project';
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

interface Of {
  tenant_id: string;
  scope: Scope;
  asked: { from: string; to: string; bucket_ms: number; model?: string[] | undefined; provider?: string[] | undefined };
}

const key = `case grouping(bucket, model, agent_id, project_id)
    when 7 then 'bucket' when 11 then 'model' when 13 then 'agent' when 14 then 'project' else 'all' end as about,
  bucket, provider, model, agent_id, project_id`;
const breakdowns = 'grouping sets ((), (bucket), (provider, model), (agent_id), (project_id))';

/** Sums over all calls and for the parts of each breakdown, in one pass. */
export function sumCalls(tx: Tx, of: Of): Promise<SumRow[]> {
  const { rows, values } = callsOf(of);
  return tx.query<SumRow>(
    `select ${key}, count(*) as calls, count(*) filter (where execution_status <> 'succeeded') as failed,
        count(*) filter (where cost_usd is null) as unpriced_calls, coalesce(sum(input_tokens), 0) as input_tokens,
        coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd
      from (${rows}) calls group by ${breakdowns}`,
    values,
  );
}

/** Quantiles of how long calls took. A statement of its own: it sorts, which the sums need not wait for. */
export function durationsOf(tx: Tx, of: Of): Promise<DurationRow[]> {
  const { rows, values } = callsOf(of);
  return tx.query<DurationRow>(
    `select ${key}, percentile_disc(array[0.5, 0.95]) within group (order by duration_ms) as quantiles
      from (${rows}) calls group by ${breakdowns}`,
    values,
  );
}

/** Calls that were stopped before a provider was called. */
export function countRefusals(tx: Tx, of: Of): Promise<RefusalRow[]> {
  const { asked } = of;
  const filter = new Filter().where('d.tenant_id = ?', of.tenant_id).always("d.verdict in ('pause', 'block', 'kill')");
  inScope(filter, 'd', of.scope);
  within(filter, { id: 'd.id', kind: 'decision', at: 'd.decided_at' }, asked.from, asked.to);
  filter.among("d.call ->> 'model'", asked.model).among("d.call ->> 'provider'", asked.provider);
  const bucket = `date_bin($${filter.values.length + 1}, d.decided_at, 'epoch') as bucket`;
  return tx.query<RefusalRow>(
    `select ${key}, count(*) as refused from (
        select ${bucket}, d.call ->> 'provider' as provider, d.call ->> 'model' as model, d.agent_id, d.project_id
          from decisions d where ${filter.text}) refusals
      group by ${breakdowns}`,
    [...filter.values, `${asked.bucket_ms} milliseconds`],
  );
}

function callsOf({ tenant_id, scope, asked }: Of): { rows: string; values: unknown[] } {
  const filter = new Filter().where('x.tenant_id = ?', tenant_id);
  inScope(filter, 'x', scope);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.admitted_at' }, asked.from, asked.to);
  filter.among('x.model', asked.model).among('x.provider', asked.provider);
  const rows = `
    select date_bin($${filter.values.length + 1}, x.admitted_at, 'epoch') as bucket, x.provider, x.model, x.agent_id, x.project_id,
        x.execution_status, x.cost_usd, x.input_tokens, x.output_tokens,
        greatest(round(date_part('epoch', x.settled_at - x.admitted_at) * 1000), 0)::int as duration_ms
      from llm_run_records x where ${filter.text}`;
  return { rows, values: [...filter.values, `${asked.bucket_ms} milliseconds`] };
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
