import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { firstIdOf } from './runs-read.ts';

/** A step with what a span tells of it: its run, the record of its call, the decision about it. */
export interface ToldStep {
  id: string;
  run_id: string;
  kind: string;
  skill: string;
  params: { [name: string]: Json };
  status: string;
  cost_usd: string | null;
  error: { code?: string; message?: string } | null;
  started_at: string;
  ended_at: string;
  parent_step_id: string | null;
  decision_id: string | null;
  is_synthetic: boolean;
  tenant_id: string;
  project_id: string;
  api_key_id: string;
  actor_id: string | null;
  agent_slug: string | null;
  project_slug: string | null;
  session: string | null;
  snapshot_id: string | null;
  provider: string | null;
  model: string | null;
  streamed: boolean | null;
  wire: string | null;
  input_tokens: string | null;
  output_tokens: string | null;
  cached_input_tokens: string | null;
  cache_write_tokens: string | null;
  reasoning_tokens: string | null;
  usage_source: string | null;
  prompt_hash: string | null;
  response_hash: string | null;
  verdict: string | null;
  policy_id: string | null;
  control_id: string | null;
}

const external_id = `(select e.external_id from sessions e where e.tenant_id = r.tenant_id and e.id = r.session_id) as session`;

/** Steps by their ids and those of their runs. */
export function toldSteps(tx: Tx, steps: readonly { id: string; run_id: string }[]): Promise<ToldStep[]> {
  return tx.query<ToldStep>(
    `select s.id, s.run_id, s.kind, s.skill, s.params, s.status, s.cost_usd, s.error, s.started_at, s.ended_at, s.parent_step_id,
        s.decision_id, s.is_synthetic, r.tenant_id, r.project_id, r.api_key_id, r.actor_id, ${askerSlugs('r')}, ${external_id},
        coalesce(x.policy_snapshot_id, d.policy_snapshot_id) as snapshot_id, x.provider, x.model, x.streamed, x.wire, x.input_tokens,
        x.output_tokens, x.cached_input_tokens, x.cache_write_tokens, x.reasoning_tokens, x.usage_source, x.prompt_hash,
        x.response_hash, coalesce(d.verdict, x.verdict) as verdict, d.policy_id, d.control_id
      from steps s
        join runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
        left join llm_run_records x on x.tenant_id = s.tenant_id and x.id = 'rec' || substr(s.id, 4)
        left join decisions d on d.tenant_id = s.tenant_id and d.id = s.decision_id
      where s.tenant_id = current_tenant() and s.run_id = any ($2) and s.id = any ($1)`,
    [steps.map(({ id }) => id), [...new Set(steps.map(({ run_id }) => run_id))]],
  );
}

/** A run that has ended, with its first step: who told of that one tells of the run. */
export interface ToldRun {
  id: string;
  tenant_id: string;
  project_id: string;
  project_slug: string | null;
  api_key_id: string;
  actor_id: string | null;
  agent_slug: string | null;
  session: string | null;
  mode: string;
  status: string;
  termination_reason: string | null;
  policy_snapshot_id: string | null;
  violation_policy_id: string | null;
  calls: number;
  refused_calls: number;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
  is_synthetic: boolean;
  started_at: string;
  ended_at: string;
  first_step_id: string | null;
  traceparent: string | null;
}

/** Those of these runs that have ended. */
export async function toldRuns(tx: Tx, runs: readonly { id: string }[]): Promise<ToldRun[]> {
  const ids = runs.map(({ id }) => id);
  const [oldest] = [...ids].sort();
  if (oldest === undefined) return [];
  return tx.query<ToldRun>(
    `select r.id, r.tenant_id, r.project_id, r.api_key_id, r.actor_id, ${askerSlugs('r')}, ${external_id}, r.mode, r.status,
        r.termination_reason, r.policy_snapshot_id, r.violation_policy_id, r.calls, r.refused_calls, r.input_tokens,
        r.output_tokens, r.estimated_cost_usd as cost_usd, r.is_synthetic, coalesce(r.started_at, r.created_at) as started_at,
        r.ended_at, first.id as first_step_id, first.params ->> 'traceparent' as traceparent
      from runs r left join lateral (
        select s.id, s.params from steps s where s.tenant_id = r.tenant_id and s.run_id = r.id and s.id >= $2 order by s.id limit 1
      ) first on true
      where r.tenant_id = current_tenant() and r.id = any ($1) and r.ended_at is not null`,
    [ids, firstIdOf(oldest, 'step')],
  );
}
