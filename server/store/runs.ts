import type { TerminationReason } from '@aos/core/activity/run.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** The provider, not a policy, said to slow down: such a run ends `failed`, with the reason RATE_LIMITED. */
export const provider_rate_limited = 'PROVIDER_RATE_LIMITED';

export interface NewRun {
  tenant_id: string;
  id: string;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  mode: 'gateway';
  status: 'running';
  hold: 'none';
  identity: 'bound' | 'claimed' | 'none';
  policy_snapshot_id: string;
  policy_context: string;
  calls: number;
  refused_calls: number;
  input_tokens: number;
  output_tokens: number;
  estimated_cost_usd: string;
  tags: Record<string, string>;
  is_synthetic: boolean;
  created_at: string;
  started_at: string;
  last_activity_at: string;
}

/** Opens runs; one that is already there is left as it is. */
export async function openRuns(tx: Tx, runs: readonly NewRun[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    'insert into runs select * from json_populate_recordset(null::runs, $1) on conflict do nothing',
    [jsonText(runs)],
    'open_runs',
  );
}

/** What one call adds to its run. */
export interface RunProgress {
  run_id: string;
  calls: number;
  refused_calls: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string;
  /** How the run would end if this was its last call: null after a good one. */
  last_refusal: TerminationReason | typeof provider_rate_limited | null;
  violation_policy_id: string | null;
  policy_context: string;
  at: string;
}

/** Adds calls to their runs, which are locked in the order of their ids; ended runs keep their end. */
export async function addToRuns(tx: Tx, progress: readonly RunProgress[]): Promise<void> {
  if (progress.length === 0) return;
  await tx.query(
    `with step as (
        select * from json_to_recordset($1) p(run_id text, calls int, refused_calls int, input_tokens bigint, output_tokens bigint,
          cost_usd numeric, last_refusal text, violation_policy_id text, policy_context text, at timestamptz)
      ), total as (
        select run_id, sum(calls) as calls, sum(refused_calls) as refused_calls, sum(input_tokens) as input_tokens,
            sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd, max(at) as at,
            (array_agg(last_refusal order by at desc))[1] as last_refusal,
            (array_agg(violation_policy_id) filter (where violation_policy_id is not null))[1] as violation_policy_id,
            (array_agg(policy_context order by at desc))[1] as policy_context
          from step group by run_id
      ), locked as (
        select r.id from runs r where r.tenant_id = current_tenant() and r.id = any ($2) order by r.id for update of r
      )
      update runs r set calls = r.calls + t.calls, refused_calls = r.refused_calls + t.refused_calls,
          input_tokens = r.input_tokens + t.input_tokens, output_tokens = r.output_tokens + t.output_tokens,
          estimated_cost_usd = r.estimated_cost_usd + t.cost_usd,
          last_activity_at = greatest(r.last_activity_at, t.at), last_refusal = t.last_refusal,
          violation_policy_id = coalesce(r.violation_policy_id, t.violation_policy_id), policy_context = t.policy_context
        from total t join locked l on l.id = t.run_id
        where r.tenant_id = current_tenant() and r.id = t.run_id`,
    [jsonText(progress), progress.map((of) => of.run_id)],
    'add_to_runs',
  );
}

export interface KnownRun {
  id: string;
  project_id: string;
  session_id: string | null;
  status: string;
  termination_reason: string | null;
}

export async function findRun(tx: Tx, id: string): Promise<KnownRun | undefined> {
  const rows = await tx.query<KnownRun>(
    'select id, project_id, session_id, status, termination_reason from runs where tenant_id = current_tenant() and id = $1',
    [id],
  );
  return rows[0];
}

export interface IdleRun {
  id: string;
  project_id: string;
  agent_id: string | null;
  api_key_id: string;
  status: string;
  termination_reason: TerminationReason;
}

/** Ends gateway runs without a call in flight that have been idle for `idle_s`, as their last call says. */
export function endIdleRuns(tx: Tx, idle_s: number, limit: number): Promise<IdleRun[]> {
  return tx.query<IdleRun>(
    `update runs r set ended_at = clock_timestamp(),
        termination_reason = case when r.last_refusal = 'PROVIDER_RATE_LIMITED' then 'RATE_LIMITED' else coalesce(r.last_refusal, 'COMPLETED') end,
        status = case when r.last_refusal is null then 'succeeded' when r.last_refusal in ('SYSTEM_FAILURE', 'PROVIDER_RATE_LIMITED') then 'failed'
          when r.last_refusal = 'USER_ABORT' then 'cancelled' else 'failed_policy' end,
        outcome_record = case when r.last_refusal is null then 'SUCCESS' when r.last_refusal in ('SYSTEM_FAILURE', 'PROVIDER_RATE_LIMITED') then 'FAILURE'
          when r.last_refusal = 'USER_ABORT' then 'ABORTED' else 'BLOCKED' end
      from (
        select i.id from runs i where i.tenant_id = current_tenant() and i.status = 'running' and i.mode = 'gateway'
          and i.last_activity_at < clock_timestamp() - make_interval(secs => $1)
          and not exists (select from holds h where h.tenant_id = i.tenant_id and h.run_id = i.id)
          order by i.id limit $2 for update of i skip locked
      ) idle
      where r.tenant_id = current_tenant() and r.id = idle.id
      returning r.id, r.project_id, r.agent_id, r.api_key_id, r.status, r.termination_reason`,
    [idle_s, limit],
  );
}
