import type { TerminationReason } from '@aos/core/activity/run.ts';
import type { Tx } from '../base/database.ts';
import { holdGate } from './gate.ts';
import { type Columns, inserter } from './insert-rows.ts';
import { type RunProgress, sumPerRun } from './run-progress.ts';

export interface NewRun {
  tenant_id: string;
  id: string;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  mode: 'gateway' | 'managed' | 'external' | 'reported';
  status: 'running' | 'queued';
  hold: 'none';
  identity: 'bound' | 'claimed' | 'none';
  /** Null: the run was only reported, no policies were in force for it. */
  policy_snapshot_id: string | null;
  policy_context: string;
  calls: number;
  refused_calls: number;
  input_tokens: number;
  output_tokens: number;
  estimated_cost_usd: string;
  tags: Record<string, string>;
  is_synthetic: boolean;
  synthetic_scenario_id: string | null;
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
  synthetic_scenario_id: 'text',
  created_at: 'timestamptz',
  started_at: 'timestamptz',
  last_activity_at: 'timestamptz',
};

/** Opens runs; one that is already there is left as it is. */
export const openRuns = inserter('runs', columns);

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
        coalesce(r.violation_policy_id, ($11::text[])[n]), coalesce(($12::text[])[n], r.policy_context)
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

/** Pauses or resumes a run that has not ended; undefined when it does not stand as `from` says. */
export async function setHold(
  tx: Tx,
  of: { run_id: string; from: 'none' | 'paused'; to: 'none' | 'paused'; at: string },
): Promise<{ project_id: string } | undefined> {
  const [run] = await tx.query<{ project_id: string }>(
    `update runs set hold = $3, last_activity_at = greatest(last_activity_at, $4)
      where tenant_id = current_tenant() and id = $1 and hold = $2 and status in ('queued', 'running', 'retry')
      returning project_id`,
    [of.run_id, of.from, of.to, of.at],
  );
  return run;
}

/** A run that is asked for by its goal: it waits for a worker, or, of an external agent, runs at once. */
export async function insertGoalRun(
  tx: Tx,
  run: Omit<NewRun, 'started_at'> & { goal: string; parent_run_id: string | null; started_at: string | null },
): Promise<void> {
  const { tenant_id, id, goal, parent_run_id, started_at } = run;
  await openRuns(tx, [{ ...run, started_at: run.created_at }]);
  await tx.query('update runs set goal = $3, parent_run_id = $4, started_at = $5 where tenant_id = $1 and id = $2', [
    tenant_id,
    id,
    goal,
    parent_run_id,
    started_at,
  ]);
}

/**
 * Takes the rows of runs, in the order of their ids, before anything that belongs to them: work, steps, incidents and
 * traces. Whoever writes of these does so first, so that a kill, a worker at the end of a run and a call that is settled
 * wait for each other, and none is broken off as a deadlock.
 */
export const lockRuns = (tx: Tx, ids: readonly string[]): Promise<void> => takeRuns(tx, ids, 'for update');

/** The same for those who end none of them: calls that take a place of a run do not wait. */
export const lockRunsToWrite = (tx: Tx, ids: readonly string[]): Promise<void> =>
  takeRuns(tx, ids, 'for no key update');

async function takeRuns(tx: Tx, ids: readonly string[], how: 'for update' | 'for no key update'): Promise<void> {
  await tx.query(`select from runs where tenant_id = current_tenant() and id = any ($1) order by id ${how}`, [ids]);
}

/** The row of a run that has not ended, taken for what comes of it, and how it stands. */
const open_run = `select id, status from runs
  where tenant_id = current_tenant() and id = $1 and status in ('queued', 'running', 'retry') for no key update`;

/** A worker has begun; a run that had been begun before goes on. Answers how it stood; undefined: it has ended. */
export async function startRun(tx: Tx, id: string): Promise<string | undefined> {
  const [row] = await tx.query<{ status_before: string }>(
    `with before as (${open_run})
      update runs r set status = 'running', started_at = coalesce(r.started_at, clock_timestamp()),
        last_activity_at = clock_timestamp()
      from before where r.tenant_id = current_tenant() and r.id = $1
      returning before.status as status_before`,
    [id],
  );
  return row?.status_before;
}

/** A managed run waits for its next try; false: it has ended. */
export async function setAside(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query(
    `update runs set status = 'retry', last_activity_at = clock_timestamp()
      where tenant_id = current_tenant() and id = $1 and status = 'running' returning id`,
    [id],
  );
  return rows.length > 0;
}

const finished = {
  succeeded: ['COMPLETED', 'SUCCESS'],
  failed: ['SYSTEM_FAILURE', 'FAILURE'],
  cancelled: ['USER_ABORT', 'ABORTED'],
} as const;

/** The end of a run as its external agent tells it; undefined when it has ended before. */
export async function finishExternal(tx: Tx, id: string, status: keyof typeof finished): Promise<EndedRun | undefined> {
  const [termination_reason, outcome_record] = finished[status];
  await lockRuns(tx, [id]);
  return endRun(tx, { id, status, termination_reason, outcome_record, policy_id: null });
}

export interface EndedRun {
  id: string;
  project_id: string;
  agent_id: string | null;
  api_key_id: string;
  session_id: string | null;
  /** How it stood before. */
  status_before: string;
}

/** Ends a run that has not ended; undefined when it has. */
export async function endRun(
  tx: Tx,
  run: { id: string; status: string; termination_reason: string; outcome_record: string; policy_id: string | null },
): Promise<EndedRun | undefined> {
  const rows = await tx.query<EndedRun>(
    `with before as (${open_run})
      update runs r set status = $2, termination_reason = $3, outcome_record = $4, ended_at = clock_timestamp(), hold = 'none',
        violation_policy_id = coalesce(r.violation_policy_id, $5)
      from before where r.tenant_id = current_tenant() and r.id = $1
      returning r.id, r.project_id, r.agent_id, r.api_key_id, r.session_id, before.status as status_before`,
    [run.id, run.status, run.termination_reason, run.outcome_record, run.policy_id],
  );
  return rows[0];
}

/** Runs that were asked for in a run, at any depth, and have not ended. */
export async function openRunsIn(tx: Tx, id: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `with recursive inside as (
        select id, status from runs where tenant_id = current_tenant() and parent_run_id = $1
        union select r.id, r.status from runs r join inside i on r.parent_run_id = i.id where r.tenant_id = current_tenant())
      select id from inside where status in ('queued', 'running', 'retry') order by id`,
    [id],
  );
  return rows.map((row) => row.id);
}

/** The run in which another one is asked for, kept from ending until that is there; undefined: there is none. */
export async function parentRun(tx: Tx, id: string): Promise<{ project_id: string; is_ended: boolean } | undefined> {
  const rows = await tx.query<{ project_id: string; is_ended: boolean }>(
    `select project_id, status not in ('queued', 'running', 'retry') as is_ended from runs
      where tenant_id = current_tenant() and id = $1 for share`,
    [id],
  );
  return rows[0];
}

export interface IdleRun {
  id: string;
  mode: NewRun['mode'];
  project_id: string;
  agent_id: string | null;
  api_key_id: string;
  status: string;
  termination_reason: TerminationReason;
}

/** What a last call ended by that no policy and no person decided. */
const failed_by_itself = "r.last_refusal in ('SYSTEM_FAILURE', 'PROVIDER_RATE_LIMITED', 'PROVIDER_TIMEOUT')";

/** Runs that look idle: found without a lock, so what is done about them has to look again. */
const idle_runs = `select i.id from runs i where i.tenant_id = current_tenant() and i.status = 'running' and i.mode in ('gateway', 'external', 'reported') and i.id < $3
          and i.hold = 'none' and i.last_activity_at < clock_timestamp() - make_interval(secs => $1)
          and not exists (select from holds h where h.tenant_id = i.tenant_id and h.run_id = i.id)
          order by i.id limit $2`;

/**
 * Ends gateway runs without a call in flight that have been idle for `idle_s`, as their last call says. `opened_before`
 * is the first run id of the moment `idle_s` ago: only older runs can have been idle for so long, and open runs are
 * indexed by id. A call may be on its way into one of them: the gate is held from the look at the holds to the commit,
 * so that it is either seen here or finds that its run has ended. Where nothing looks idle, nobody waits.
 */
export async function endIdleRuns(tx: Tx, idle_s: number, opened_before: string, limit: number): Promise<IdleRun[]> {
  const looks_idle = await tx.query(idle_runs, [idle_s, 1, opened_before]);
  if (looks_idle.length === 0) return [];
  await holdGate(tx);
  return tx.query<IdleRun>(
    `update runs r set ended_at = clock_timestamp(),
        termination_reason = case r.last_refusal when 'PROVIDER_RATE_LIMITED' then 'RATE_LIMITED' when 'PROVIDER_TIMEOUT' then 'TIMEOUT'
          else coalesce(r.last_refusal, 'COMPLETED') end,
        status = case when r.last_refusal is null then 'succeeded' when ${failed_by_itself} then 'failed'
          when r.last_refusal = 'USER_ABORT' then 'cancelled' else 'failed_policy' end,
        outcome_record = case when r.last_refusal is null then 'SUCCESS' when ${failed_by_itself} then 'FAILURE'
          when r.last_refusal = 'USER_ABORT' then 'ABORTED' else 'BLOCKED' end
      from (
        ${idle_runs} for update of i skip locked
      ) idle
      where r.tenant_id = current_tenant() and r.id = idle.id
      returning r.id, r.mode, r.project_id, r.agent_id, r.api_key_id, r.status, r.termination_reason`,
    [idle_s, limit, opened_before],
  );
}

/** How a run of the past is said to have ended. */
export interface PastEnd {
  id: string;
  goal: string | null;
  status: 'succeeded' | 'failed' | 'failed_policy' | 'cancelled';
  termination_reason: TerminationReason;
  outcome_record: 'SUCCESS' | 'FAILURE' | 'BLOCKED' | 'ABORTED';
  policy_id: string | null;
  ended_at: string;
}

/** Ends synthetic runs at instants that have passed; a real run ends when it ends. */
export async function endPastRuns(tx: Tx, ends: readonly PastEnd[]): Promise<void> {
  const all = <Name extends keyof PastEnd>(name: Name) => ends.map((of) => of[name]);
  await tx.query(
    `update runs r set goal = e.goal, status = e.status, termination_reason = e.termination_reason,
        outcome_record = e.outcome_record, violation_policy_id = coalesce(r.violation_policy_id, e.policy_id), ended_at = e.ended_at
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
        e(id, goal, status, termination_reason, outcome_record, policy_id, ended_at)
      where r.tenant_id = current_tenant() and r.id = e.id and r.is_synthetic and r.status = 'running'`,
    [
      all('id'),
      all('goal'),
      all('status'),
      all('termination_reason'),
      all('outcome_record'),
      all('policy_id'),
      all('ended_at'),
    ],
  );
}

/** Adds what was newly told of reported runs, and what was not yet known of them. */
export async function addReported(tx: Tx, runs: readonly NewRun[]): Promise<void> {
  const all = <Name extends keyof NewRun>(name: Name) => runs.map((of) => of[name]);
  await tx.query(
    `update runs r set calls = r.calls + a.calls, input_tokens = r.input_tokens + a.input, output_tokens = r.output_tokens + a.output,
        estimated_cost_usd = r.estimated_cost_usd + a.cost, agent_id = coalesce(r.agent_id, a.agent),
        session_id = coalesce(r.session_id, a.session), started_at = least(r.started_at, a.started_at),
        last_activity_at = greatest(r.last_activity_at, a.at), identity = case r.identity when 'none' then a.identity else r.identity end
      from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::numeric[], $6::text[], $7::text[], $8::timestamptz[],
        $9::timestamptz[], $10::text[]) a(id, calls, input, output, cost, agent, session, started_at, at, identity)
      where r.tenant_id = current_tenant() and r.id = a.id and r.mode = 'reported'`,
    [
      all('id'),
      all('calls'),
      all('input_tokens'),
      all('output_tokens'),
      all('estimated_cost_usd'),
      all('agent_id'),
      all('session_id'),
      all('started_at'),
      all('last_activity_at'),
      all('identity'),
    ],
  );
}

/** Reported runs end as the roots of their traces tell, also when they were taken for idle meanwhile. */
export async function endReported(
  tx: Tx,
  ends: readonly { id: string; failed: boolean; ended_at: string }[],
): Promise<void> {
  if (ends.length === 0) return;
  await tx.query(
    `update runs r set status = case when e.failed then 'failed' else 'succeeded' end, ended_at = e.ended_at,
        termination_reason = case when e.failed then 'SYSTEM_FAILURE' else 'COMPLETED' end,
        outcome_record = case when e.failed then 'FAILURE' else 'SUCCESS' end
      from unnest($1::text[], $2::boolean[], $3::timestamptz[]) e(id, failed, ended_at)
      where r.tenant_id = current_tenant() and r.id = e.id and r.mode = 'reported'`,
    [ends.map(({ id }) => id), ends.map(({ failed }) => failed), ends.map(({ ended_at }) => ended_at)],
  );
}
