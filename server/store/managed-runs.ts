import type { Plan, StepState } from '@aos/core/activity/plan.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** A run for a worker, with who asked for it. */
export interface ManagedRun {
  run_id: string;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  goal: string;
  tags: Record<string, string>;
  is_synthetic: boolean;
  status: string;
  plan: Plan | null;
  plan_source: 'given' | 'model' | null;
  model: string;
  skills: string[];
  lease_epoch: number;
  /** How often it was taken without being given back: more than once, and a worker has died over it. */
  claims: number;
  retries: number;
  retries_max: number;
}

/** Which claim a write belongs to: one of an older claim changes nothing. */
export interface Lease {
  run_id: string;
  lease_epoch: number;
}

/** Where workers hear that a run waits for one of them; they also look by themselves. */
export const queue_channel = 'aos_runs';

export async function insertManagedRun(
  tx: Tx,
  of: {
    tenant_id: string;
    run_id: string;
    plan: Plan | null;
    model: string;
    skills: readonly string[];
    created_by: string;
    retries_max: number;
  },
): Promise<void> {
  await tx.query(
    `insert into managed_runs (tenant_id, run_id, plan, plan_source, model, skills, created_by, retries_max)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      of.tenant_id,
      of.run_id,
      of.plan && jsonText(of.plan as unknown as Json),
      of.plan && 'given',
      of.model,
      of.skills,
      of.created_by,
      of.retries_max,
    ],
  );
  await tx.query('select pg_notify($1, $2)', [queue_channel, of.tenant_id]);
  if (of.plan) await insertPlannedSteps(tx, of.tenant_id, of.run_id, of.plan);
}

async function insertPlannedSteps(tx: Tx, tenant_id: string, run_id: string, { steps }: Plan): Promise<void> {
  await tx.query(
    `insert into planned_steps (tenant_id, run_id, name, position, skill, state)
      select $1, $2, name, n, skill, 'pending' from unnest($3::text[], $4::text[]) with ordinality s(name, skill, n)`,
    [tenant_id, run_id, steps.map((step) => step.id), steps.map((step) => step.skill)],
  );
}

const described = `m.run_id, r.project_id, r.agent_id, r.actor_id, r.api_key_id, r.session_id, r.goal, r.tags, r.is_synthetic, r.status,
    m.plan, m.plan_source, m.model, m.skills, m.lease_epoch, m.claims, m.retries, m.retries_max`;

/**
 * Takes runs that nobody works on, the oldest first: new ones, those whose time to be tried again has come, and those
 * whose worker has not renewed its lease; none that a person has paused. Each claim raises the epoch, so what an earlier worker
 * still writes changes nothing.
 */
export function claimRuns(tx: Tx, of: { owner: string; lease_s: number; limit: number }): Promise<ManagedRun[]> {
  return tx.query(
    `with free as (
        select run_id from managed_runs q
          where tenant_id = current_tenant() and ended_at is null
            and (lease_until is null or lease_until < clock_timestamp())
            and (not_before is null or not_before <= clock_timestamp())
            and not exists (select from run_pauses p
              where p.tenant_id = q.tenant_id and p.run_id = q.run_id and p.resumed_at is null and p.control_id is null)
          order by run_id limit $3 for update skip locked),
      claimed as (
        update managed_runs m set lease_owner = $1, lease_epoch = m.lease_epoch + 1, claims = m.claims + 1,
            lease_until = clock_timestamp() + make_interval(secs => $2), not_before = null
          from free where m.tenant_id = current_tenant() and m.run_id = free.run_id returning m.*)
      select ${described} from claimed m
        join runs r on r.tenant_id = m.tenant_id and r.id = m.run_id order by m.run_id`,
    [of.owner, of.lease_s, of.limit],
  );
}

/** Keeps claims, in the order of their ids; answers those that are still ours and whose runs go on. */
export async function renewLeases(tx: Tx, leases: readonly Lease[], lease_s: number): Promise<Set<string>> {
  const rows = await tx.query<{ run_id: string }>(
    `with ours as (
        select m.run_id from managed_runs m
          join unnest($1::text[], $2::int[]) of(run_id, lease_epoch) on m.run_id = of.run_id and m.lease_epoch = of.lease_epoch
          join runs r on r.tenant_id = m.tenant_id and r.id = m.run_id and r.status in ('queued', 'running', 'retry')
          where m.tenant_id = current_tenant() and m.ended_at is null order by m.run_id for update of m)
      update managed_runs m set lease_until = clock_timestamp() + make_interval(secs => $3)
        from ours where m.tenant_id = current_tenant() and m.run_id = ours.run_id
        returning m.run_id`,
    [leases.map((of) => of.run_id), leases.map((of) => of.lease_epoch), lease_s],
  );
  return new Set(rows.map((row) => row.run_id));
}

/** Gives a claim back, for another worker to go on at once: no worker has died over it. */
export async function releaseLease(tx: Tx, { run_id, lease_epoch }: Lease, after_s = 0): Promise<void> {
  await tx.query(
    `update managed_runs set lease_until = null, lease_owner = null, claims = claims - 1,
        not_before = clock_timestamp() + make_interval(secs => $3)
      where tenant_id = current_tenant() and run_id = $1 and lease_epoch = $2 and ended_at is null`,
    [run_id, lease_epoch, after_s],
  );
}

const is_ours = `exists (select from managed_runs m where m.tenant_id = current_tenant() and m.run_id = $1
  and m.lease_epoch = $2 and m.ended_at is null)`;

/** A plan that a model has made, written in the transaction that settles its call: it is paid for once. */
export interface MadePlan extends Lease {
  plan: Plan;
}

/** What a settled call gives to the plan of its run. */
export type PlanResult = MadePlan | StepResult;

/** All at once: in a flight, nothing waits for the answer of another statement. */
export async function addToPlans(tx: Tx, results: readonly PlanResult[]): Promise<void> {
  await Promise.all(results.map((of) => ('plan' in of ? keepPlan(tx, of) : finishStep(tx, of))));
}

/** Keeps a plan, in one statement; one of a claim that was lost changes nothing. */
async function keepPlan(tx: Tx, { run_id, lease_epoch, plan }: MadePlan): Promise<void> {
  await tx.query(
    `with kept as (
        update managed_runs set plan = $3, plan_source = 'model'
          where tenant_id = current_tenant() and run_id = $1 and lease_epoch = $2 and ended_at is null and plan is null
          returning tenant_id, run_id)
      insert into planned_steps (tenant_id, run_id, name, position, skill, state)
        select tenant_id, run_id, name, n, skill, 'pending'
          from kept, unnest($4::text[], $5::text[]) with ordinality s(name, skill, n)`,
    [
      run_id,
      lease_epoch,
      jsonText(plan as unknown as Json),
      plan.steps.map((step) => step.id),
      plan.steps.map((step) => step.skill),
    ],
  );
}

/** Whether there is a plan and the claim is still ours. */
export async function isPlanKept(tx: Tx, lease: Lease): Promise<boolean> {
  const rows = await tx.query(
    `select from managed_runs where tenant_id = current_tenant() and run_id = $1 and lease_epoch = $2 and ended_at is null
      and plan is not null`,
    [lease.run_id, lease.lease_epoch],
  );
  return rows.length > 0;
}

export interface PlannedStepRow {
  name: string;
  skill: string;
  state: StepState;
  attempt: number;
  step_id: string | null;
  output_envelope: string | null;
  error: { code: string; message: string } | null;
  started_at: string | null;
  ended_at: string | null;
}

export function plannedSteps(tx: Tx, run_id: string): Promise<PlannedStepRow[]> {
  return tx.query<PlannedStepRow>(
    `select name, skill, state, attempt, step_id, output_envelope, error, started_at, ended_at from planned_steps
      where tenant_id = current_tenant() and run_id = $1 order by position`,
    [run_id],
  );
}

/** The intent, written before anything is done; false: the claim is not ours any more. */
export async function beginStep(tx: Tx, lease: Lease, name: string): Promise<boolean> {
  const rows = await tx.query(
    `update planned_steps set state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, clock_timestamp())
      where tenant_id = current_tenant() and run_id = $1 and name = $3 and state in ('pending', 'running') and ${is_ours}
      returning name`,
    [lease.run_id, lease.lease_epoch, name],
  );
  return rows.length > 0;
}

/** The step was not let in for now: it waits as if it had not been begun. */
export async function waitStep(tx: Tx, lease: Lease, name: string): Promise<void> {
  await tx.query(
    `update planned_steps set state = 'pending'
      where tenant_id = current_tenant() and run_id = $1 and name = $3 and state = 'running' and ${is_ours}`,
    [lease.run_id, lease.lease_epoch, name],
  );
}

/** What came of a planned step, written in the transaction that settles it. */
export interface StepResult extends Lease {
  name: string;
  state: 'succeeded' | 'failed';
  step_id: string | null;
  output_envelope: string | null;
  error: { code: string; message: string } | null;
}

/** The result of a step; one of a claim that was lost, or of a step that has ended, changes nothing. */
export async function finishStep(tx: Tx, of: StepResult): Promise<void> {
  await tx.query(
    `update planned_steps set state = $4, step_id = $5, output_envelope = $6, error = $7, ended_at = clock_timestamp()
      where tenant_id = current_tenant() and run_id = $1 and name = $3 and state = 'running' and ${is_ours}`,
    [of.run_id, of.lease_epoch, of.name, of.state, of.step_id, of.output_envelope, of.error && jsonText(of.error)],
  );
}

/** Ends the work on a run; false: the claim is not ours any more. */
export async function endManagedRun(
  tx: Tx,
  lease: Lease,
  of: { result_envelope: string | null; failure: Json },
): Promise<boolean> {
  const rows = await tx.query(
    `update managed_runs set ended_at = clock_timestamp(), lease_until = null, result_envelope = $3, failure = $4
      where tenant_id = current_tenant() and run_id = $1 and lease_epoch = $2 and ended_at is null returning run_id`,
    [lease.run_id, lease.lease_epoch, of.result_envelope, jsonText(of.failure)],
  );
  if (rows.length > 0) await skipSteps(tx, lease.run_id);
  return rows.length > 0;
}

/** Ends the work on a run that somebody else has ended: no worker takes it any more. Nothing for runs without a plan. */
export async function closeManagedRun(tx: Tx, run_id: string, failure: Json): Promise<void> {
  const rows = await tx.query(
    `update managed_runs set ended_at = clock_timestamp(), lease_until = null, failure = $2
      where tenant_id = current_tenant() and run_id = $1 and ended_at is null returning run_id`,
    [run_id, jsonText(failure)],
  );
  if (rows.length > 0) await skipSteps(tx, run_id);
}

const skipSteps = (tx: Tx, run_id: string): Promise<unknown> =>
  tx.query(
    `update planned_steps set state = 'skipped', ended_at = clock_timestamp()
      where tenant_id = current_tenant() and run_id = $1 and state in ('pending', 'running')`,
    [run_id],
  );

/**
 * Puts a run back for a later try. Steps that failed or were broken off wait again, steps that succeeded stay as they
 * are: they are never repeated. False: the claim is not ours any more.
 */
export async function retryManagedRun(tx: Tx, lease: Lease, of: { after_s: number; failure: Json }): Promise<boolean> {
  const rows = await tx.query(
    `update managed_runs set lease_until = null, lease_owner = null, claims = 0, retries = retries + 1, failure = $4,
        not_before = clock_timestamp() + make_interval(secs => $3)
      where tenant_id = current_tenant() and run_id = $1 and lease_epoch = $2 and ended_at is null
        and lease_until is not null returning run_id`,
    [lease.run_id, lease.lease_epoch, of.after_s, jsonText(of.failure)],
  );
  if (rows.length > 0)
    await tx.query(
      `update planned_steps set state = 'pending', step_id = null, error = null, ended_at = null
        where tenant_id = current_tenant() and run_id = $1 and state in ('running', 'failed')`,
      [lease.run_id],
    );
  return rows.length > 0;
}

/** What the API tells of a managed run beside its row in `runs`. */
export interface ManagedFacts {
  plan: Plan | null;
  plan_source: string | null;
  model: string;
  skills: string[];
  created_by: string;
  result_envelope: string | null;
  failure: Json;
  retries: number;
  retries_max: number;
  not_before: string | null;
}

export async function managedFacts(tx: Tx, run_id: string): Promise<ManagedFacts | undefined> {
  const [row] = await tx.query<ManagedFacts>(
    `select plan, plan_source, model, skills, created_by, result_envelope, failure, retries, retries_max, not_before from managed_runs where tenant_id = current_tenant() and run_id = $1`,
    [run_id],
  );
  return row;
}
