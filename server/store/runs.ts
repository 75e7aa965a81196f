import type { TerminationReason } from '@aos/core/activity/run.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import type { Tx } from '../base/database.ts';
import { type Columns, inserter } from './insert-rows.ts';

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

const columns: Columns<NewRun> = {
  tenant_id: 'text',
  id: 'text',
  project_id: 'text',
  agent_id: 'text',
  actor_id: 'text',
  api_key_id: 'text',
  session_id: 'text',
  mode: 'text',
  status: 'text',
  hold: 'text',
  identity: 'text',
  policy_snapshot_id: 'text',
  policy_context: 'text',
  calls: 'integer',
  refused_calls: 'integer',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  estimated_cost_usd: 'numeric',
  tags: 'jsonb',
  is_synthetic: 'boolean',
  created_at: 'timestamptz',
  started_at: 'timestamptz',
  last_activity_at: 'timestamptz',
};

/** Opens runs; one that is already there is left as it is. */
export const openRuns = inserter('runs', columns);

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

/**
 * Adds calls to their runs, each run found by its key: `any` of an array can only be an index condition, and the bounds
 * leave the partitions out that hold none of them. A join would be planned by statistics, and on a partition that was
 * empty when the plan was made it reads all runs of the tenant.
 */
const add_to_runs = `update runs r set (calls, refused_calls, input_tokens, output_tokens, estimated_cost_usd,
      last_activity_at, last_refusal, violation_policy_id, policy_context) = (
    select r.calls + ($4::int[])[n], r.refused_calls + ($5::int[])[n], r.input_tokens + ($6::bigint[])[n],
        r.output_tokens + ($7::bigint[])[n], r.estimated_cost_usd + ($8::numeric[])[n],
        greatest(r.last_activity_at, ($9::timestamptz[])[n]), ($10::text[])[n],
        coalesce(r.violation_policy_id, ($11::text[])[n]), ($12::text[])[n]
      from array_position($1::text[], r.id) n)
  where r.tenant_id = current_tenant() and r.id = any ($1::text[]) and r.id >= $2 and r.id <= $3`;

/** Adds calls to their runs, which it locks in the order of their ids. */
export async function addToRuns(tx: Tx, progress: readonly RunProgress[]): Promise<void> {
  if (progress.length === 0) return;
  const runs = sumPerRun(progress);
  const all = <T>(part: (of: RunProgress) => T) => runs.map(part);
  const ids = all((of) => of.run_id);
  await tx.query(
    add_to_runs,
    [
      ids,
      ids[0],
      ids.at(-1),
      all((of) => of.calls),
      all((of) => of.refused_calls),
      all((of) => of.input_tokens),
      all((of) => of.output_tokens),
      all((of) => of.cost_usd),
      all((of) => of.at),
      all((of) => of.last_refusal),
      all((of) => of.violation_policy_id),
      all((of) => of.policy_context),
    ],
    'add_to_runs',
  );
}

/** One entry per run, sorted by id; the last call of a run says what the run would end with. */
function sumPerRun(progress: readonly RunProgress[]): RunProgress[] {
  const sums = new Map<string, RunProgress>();
  for (const of of progress) {
    const sum = sums.get(of.run_id);
    sums.set(of.run_id, sum ? addUp(sum, of) : of);
  }
  return [...sums.values()].sort((a, b) => (a.run_id < b.run_id ? -1 : 1));
}

const addUp = (a: RunProgress, b: RunProgress): RunProgress => ({
  ...(a.at > b.at ? a : b),
  calls: a.calls + b.calls,
  refused_calls: a.refused_calls + b.refused_calls,
  input_tokens: a.input_tokens + b.input_tokens,
  output_tokens: a.output_tokens + b.output_tokens,
  cost_usd: usdOfNano(nanoOfUsd(a.cost_usd) + nanoOfUsd(b.cost_usd)),
  violation_policy_id: a.violation_policy_id ?? b.violation_policy_id,
});

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

export interface EndedRun {
  id: string;
  project_id: string;
  agent_id: string | null;
  api_key_id: string;
  session_id: string | null;
}

/** Ends a run that has not ended; undefined when it has. */
export async function endRun(
  tx: Tx,
  run: { id: string; status: string; termination_reason: string; outcome_record: string; policy_id: string | null },
): Promise<EndedRun | undefined> {
  const rows = await tx.query<EndedRun>(
    `update runs set status = $2, termination_reason = $3, outcome_record = $4, ended_at = clock_timestamp(),
        violation_policy_id = coalesce(violation_policy_id, $5)
      where tenant_id = current_tenant() and id = $1 and status in ('queued', 'running', 'retry')
      returning id, project_id, agent_id, api_key_id, session_id`,
    [run.id, run.status, run.termination_reason, run.outcome_record, run.policy_id],
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

/**
 * Ends gateway runs without a call in flight that have been idle for `idle_s`, as their last call says. `opened_before`
 * is the first run id of the moment `idle_s` ago: only older runs can have been idle for so long, and open runs are
 * indexed by id.
 */
export function endIdleRuns(tx: Tx, idle_s: number, opened_before: string, limit: number): Promise<IdleRun[]> {
  return tx.query<IdleRun>(
    `update runs r set ended_at = clock_timestamp(),
        termination_reason = case when r.last_refusal = 'PROVIDER_RATE_LIMITED' then 'RATE_LIMITED' else coalesce(r.last_refusal, 'COMPLETED') end,
        status = case when r.last_refusal is null then 'succeeded' when r.last_refusal in ('SYSTEM_FAILURE', 'PROVIDER_RATE_LIMITED') then 'failed'
          when r.last_refusal = 'USER_ABORT' then 'cancelled' else 'failed_policy' end,
        outcome_record = case when r.last_refusal is null then 'SUCCESS' when r.last_refusal in ('SYSTEM_FAILURE', 'PROVIDER_RATE_LIMITED') then 'FAILURE'
          when r.last_refusal = 'USER_ABORT' then 'ABORTED' else 'BLOCKED' end
      from (
        select i.id from runs i where i.tenant_id = current_tenant() and i.status = 'running' and i.mode = 'gateway' and i.id < $3
          and i.last_activity_at < clock_timestamp() - make_interval(secs => $1)
          and not exists (select from holds h where h.tenant_id = i.tenant_id and h.run_id = i.id)
          order by i.id limit $2 for update of i skip locked
      ) idle
      where r.tenant_id = current_tenant() and r.id = idle.id
      returning r.id, r.project_id, r.agent_id, r.api_key_id, r.status, r.termination_reason`,
    [idle_s, limit, opened_before],
  );
}
