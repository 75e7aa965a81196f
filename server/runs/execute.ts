import { setTimeout as pause } from 'node:timers/promises';
import { type Plan, type PlannedStep, readySteps, type StepState } from '@aos/core/activity/plan.ts';
import type { TerminationReason } from '@aos/core/activity/run.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { endedDecision } from '@aos/core/policies/stop.ts';
import { failpoint } from '../base/failpoint.ts';
import { sealContext } from '../base/vault.ts';
import type { Govern } from '../govern/govern.ts';
import { mayRepeat } from '../skills/define.ts';
import { skills } from '../skills/index.ts';
import {
  isPlanKept,
  type ManagedRun,
  type PlannedStepRow,
  plannedSteps,
  releaseLease,
  waitStep,
} from '../store/managed-runs.ts';
import { pauseOf } from '../store/pauses.ts';
import { startRun } from '../store/runs.ts';
import { callerOf } from './caller.ts';
import { type End, endRun, keep } from './end.ts';
import { goOn, holdByLimit } from './hold.ts';
import { lookAtPlan, makePlan, type Planned } from './make-plan.ts';
import { keepFailure, lookAtStep, outcome_unknown, runStep, type StepEnd } from './run-step.ts';
import { whileClaimed, write } from './while-claimed.ts';
import { LostClaim, SetAside, type Work } from './work.ts';

/** Steps of one run that run at the same time. */
const at_once = 4;

/** A run that so many workers could not bring to its end is given up. */
const claims_max = 10;

/** How often a run that a limit holds is looked at: whether there is room, or somebody has decided. */
const look_again_s = 5;

/** How long what still runs is waited for when this process has to leave. */
const leave_after_ms = 20_000;

/** Plans the run unless it has a plan, carries its steps out as they become ready, and ends it. */
export async function executeRun(govern: Govern, tenant_id: string, run: ManagedRun, lost: AbortSignal): Promise<void> {
  const lease = { run_id: run.run_id, lease_epoch: run.lease_epoch };
  const of = { tenant_id, run, lease, request_id: `run-${run.run_id}-${run.lease_epoch}` };
  if (run.claims > claims_max)
    return endRun(govern, of, failed('too_many_attempts', 'its workers died over it again and again'));
  try {
    failpoint(govern.config.failpoint, 'after_claim');
    const caller = await whileClaimed(govern, { run, lost }, () => callerOf(govern, tenant_id, run));
    const over = new AbortController();
    const signal = AbortSignal.any([lost, over.signal]);
    const work: Work = { ...of, caller, lost, over, signal, outputs: new Map() };
    await begin(govern, work);
    if ((await pausedBy(govern, work)) === 'limit') await goOnOrWait(govern, work);
    const planned: Planned = run.plan ? { kind: 'planned', plan: run.plan } : await planOf(govern, work);
    const end = planned.kind === 'planned' ? await carryOut(govern, work, planned.plan) : endWithoutPlan(planned);
    failpoint(govern.config.failpoint, 'before_terminal');
    await whileClaimed(govern, work, () => endRun(govern, work, end));
  } catch (error) {
    if (error instanceof SetAside) return govern.db.tenant(tenant_id, (tx) => releaseLease(tx, lease, error.after_s));
    if (error instanceof LostClaim || lost.aborted) return;
    if (!(error instanceof Problem) || error.code !== 'forbidden') throw error;
    const end = failed('caller_revoked', error.message, 'POLICY_BLOCK');
    await endRun(govern, of, end);
  }
}

/** A worker that takes over a run that was begun changes nothing of it. */
function begin(govern: Govern, work: Work): Promise<void> {
  return write(govern, work, async (tx) => {
    const before = await startRun(tx, work.run.run_id);
    if (before === undefined || before === 'running') return;
    await keep(govern, tx, work, { event: 'RUN_STARTED', before, after: { status: 'running' }, reason: null });
  });
}

async function planOf(govern: Govern, work: Work): Promise<Planned> {
  if (await pausedBy(govern, work)) throw new SetAside(0);
  const planning = whileClaimed(govern, work, () => makePlan(govern, work));
  const planned = await Promise.race([planning, lostFor(work, leave_after_ms)]);
  if (planned.kind === 'refused' && planned.code === 'run_paused') return stand(govern, work, planned.decision_id);
  if (planned.kind === 'planned' && !(await write(govern, work, (tx) => isPlanKept(tx, work.lease))))
    throw new LostClaim();
  return planned;
}

function endWithoutPlan(planned: Exclude<Planned, { kind: 'planned' }>): End {
  switch (planned.kind) {
    case 'invalid':
      return failed('PLAN_INVALID', planned.problems.slice(0, 5).join('; '));
    case 'failed':
      return failed(planned.error.code, `no plan was made: ${planned.error.message}`, reasonOf(planned.error.code));
    case 'refused':
      return { kind: 'refused', code: planned.code, message: planned.message, decision_id: planned.decision_id };
  }
}

const reasonOf = (code: string): TerminationReason =>
  code === 'provider_429' ? 'RATE_LIMITED' : code === 'provider_timeout' ? 'TIMEOUT' : 'SYSTEM_FAILURE';

const failed = (code: string, message: string, termination: TerminationReason = 'SYSTEM_FAILURE'): End => ({
  kind: 'failed',
  code,
  message,
  termination,
});

type Running = Map<string, Promise<{ step: PlannedStep; end: StepEnd }>>;

/** Begins what is ready, waits for the first that ends, and so on until nothing is left or one ends the run. */
async function carryOut(govern: Govern, work: Work, plan: Plan): Promise<End> {
  const states = await standOf(govern, work, plan);
  const running: Running = new Map();
  const is_lost = lostFor(work, 0);
  let is_waiting = false;
  let held_by: string | null = null;
  try {
    for (;;) {
      const failure = plan.steps.find(({ id, on_error }) => on_error === 'fail' && states.get(id)?.state === 'failed');
      if (failure) return failureOf(failure, states.get(failure.id)?.error ?? null);
      if (work.lost.aborted) throw new LostClaim();
      is_waiting ||= (await pausedBy(govern, work)) !== null;
      const ready = is_waiting ? [] : readySteps(plan, new Map([...states].map(([id, { state }]) => [id, state])));
      for (const step of ready.slice(0, at_once - running.size)) {
        states.set(step.id, { state: 'running', error: null });
        running.set(
          step.id,
          runStep(govern, work, step).then((end) => ({ step, end })),
        );
      }
      if (running.size === 0 && is_waiting) return await stand(govern, work, held_by);
      if (running.size === 0) return resultOf(plan, states, work);
      const { step, end } = await Promise.race([...running.values(), is_lost]);
      running.delete(step.id);
      if (end.kind === 'refused' && end.code !== 'run_paused') return end;
      is_waiting ||= end.kind === 'refused';
      held_by ??= end.kind === 'refused' ? end.decision_id : null;
      states.set(step.id, await afterStep(govern, work, step, end));
    }
  } finally {
    await leaveOthers(govern, work, running);
  }
}

/** The run stands still: held, when a limit paused one of its calls and no person has paused it. */
async function stand(govern: Govern, work: Work, decision_id: string | null): Promise<never> {
  if (decision_id !== null && (await pausedBy(govern, work)) === null) await holdByLimit(govern, work, decision_id);
  throw new SetAside(look_again_s);
}

/** Looks at what would begin, without any trace; while any of it would be paused, the run stands still. */
async function goOnOrWait(govern: Govern, work: Work): Promise<void> {
  const looked = await whileClaimed(govern, work, async () => {
    if (!work.run.plan) return [await lookAtPlan(govern, work)];
    const states = await standOf(govern, work, work.run.plan);
    const ready = readySteps(work.run.plan, new Map([...states].map(([id, { state }]) => [id, state])));
    return Promise.all(ready.map((step) => lookAtStep(govern, work, step)));
  });
  if (looked.includes('pause')) throw new SetAside(look_again_s);
  await goOn(govern, work);
}

async function afterStep(govern: Govern, work: Work, { id }: PlannedStep, end: StepEnd): Promise<Stand> {
  if (end.kind === 'done') return { state: 'succeeded', error: null };
  if (end.kind === 'failed') return { state: 'failed', error: end.error };
  await write(govern, work, (tx) => waitStep(tx, work.lease, id));
  return { state: 'pending', error: null };
}

const failureOf = ({ id }: PlannedStep, error: StepError | null): End => {
  const { code, message } = error ?? { code: 'step_failed', message: 'it failed' };
  return failed(code, `step "${id}": ${message}`, reasonOf(code));
};

const stop_again_ms = 50;

/** Rejects when the claim has been lost for so long: what is under way then, a settlement too, is not waited for. */
function lostFor({ lost }: Work, ms: number): Promise<never> {
  const rejects = new Promise<never>((_, reject) => {
    const leave = () => void setTimeout(() => reject(new LostClaim()), ms).unref();
    if (lost.aborted) leave();
    else lost.addEventListener('abort', leave, { once: true });
  });
  rejects.catch(() => undefined);
  return rejects;
}

/**
 * What runs beside the step that ended the run is stopped, and has ended before the run does. When the claim is lost, or
 * the process ends, calls of models are waited for instead: they are paid for, and their results stand.
 */
async function leaveOthers(govern: Govern, work: Work, running: Running): Promise<void> {
  if (running.size === 0) return;
  let is_settled = false;
  const settled = Promise.allSettled(running.values()).then((ends) => {
    is_settled = true;
    for (const end of ends)
      if (end.status === 'rejected' && !work.signal.aborted) throw end.reason;
      else if (end.status === 'rejected' && !(end.reason instanceof LostClaim))
        govern.log.warn({ error: end.reason, run_id: work.run.run_id }, 'a step that was stopped could not be settled');
  });
  if (work.lost.aborted) {
    await Promise.race([settled, pause(leave_after_ms, undefined, { ref: false })]);
    return;
  }
  work.over.abort();
  const { tenant_id, run } = work;
  while (!is_settled) {
    govern.calls.endRun(tenant_id, run.run_id, endedDecision(run.run_id, 'USER_ABORT'));
    await Promise.race([settled, pause(stop_again_ms)]);
  }
}

type StepError = { code: string; message: string };

/** How a step stands, and why when it failed. */
interface Stand {
  state: StepState;
  error: StepError | null;
}

/**
 * How the steps stand when a worker takes the run. What a dead worker had begun is begun anew, unless it may happen only
 * once: then nobody knows whether it has, and it has failed.
 */
async function standOf(govern: Govern, work: Work, plan: Plan): Promise<Map<string, Stand>> {
  const rows = await write(govern, work, (tx) => plannedSteps(tx, work.run.run_id));
  const states = new Map<string, Stand>();
  for (const row of rows) {
    const { params } = present(
      plan.steps.find(({ id }) => id === row.name),
      'the plan of a step',
    );
    const skill = present(skills.get(row.skill), `skill ${row.skill}`);
    const is_unknown = row.state === 'running' && !mayRepeat(skill, params);
    if (is_unknown) await keepFailure(govern, work, { id: row.name }, outcome_unknown);
    if (row.state === 'succeeded') work.outputs.set(row.name, openOutput(govern, work, row));
    const state = is_unknown ? 'failed' : row.state === 'running' ? 'pending' : row.state;
    states.set(row.name, { state, error: is_unknown ? outcome_unknown : row.error });
  }
  return states;
}

const pausedBy = (govern: Govern, work: Work) => write(govern, work, (tx) => pauseOf(tx, work.run.run_id));

function openOutput(govern: Govern, { tenant_id, run }: Work, { name, output_envelope }: PlannedStepRow): Json {
  if (output_envelope === null) return null;
  return JSON.parse(
    govern.vault.open(output_envelope, sealContext(tenant_id, 'planned_steps', `${run.run_id}.${name}`)),
  ) as Json;
}

/** What the steps gave that no other step waits for: the one itself, or all of them by name. */
function resultOf({ steps }: Plan, states: ReadonlyMap<string, Stand>, { outputs }: Work): End {
  const waited_for = new Set(steps.flatMap((step) => step.depends_on));
  const last = steps.filter(({ id }) => !waited_for.has(id) && states.get(id)?.state === 'succeeded');
  const results = last.map(({ id }) => [id, outputs.get(id) ?? null] as const);
  return { kind: 'done', result: results.length === 1 ? (results[0]?.[1] ?? null) : Object.fromEntries(results) };
}
