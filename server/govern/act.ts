import { asks_nothing } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { ruled } from '@aos/core/policies/approval.ts';
import { type Decision, decide } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { reserve } from '@aos/core/policies/reserve.ts';
import { resolve } from '@aos/core/policies/resolve.ts';
import { failpoint } from '../base/failpoint.ts';
import type { StepResult } from '../store/managed-runs.ts';
import type { StepRow } from '../store/steps.ts';
import {
  type ActWent,
  asksOf,
  callOf,
  type DecidedAct,
  decidedOf,
  heldAct,
  idsOf,
  outcomeOf,
  postingOf,
  type StepAct,
  stoppedBy,
  withPauses,
} from './act-outcome.ts';
import { alertsOfCall, causeOf } from './alerts.ts';
import type { TenantControl } from './control.ts';
import type { Govern } from './govern.ts';
import type { InFlight } from './in-flight.ts';
import { endRunIfDue } from './kill.ts';
import { askIfPaused } from './paused.ts';
import { endInTime } from './time-limit.ts';

/** A step of a run that calls no model: what it is, and what it does once it is admitted. */
export interface Act extends StepAct {
  kind: Exclude<StepRow['kind'], 'llm'>;
  /** Throws when the credential was not valid any more when control stood at this epoch. */
  identityAt(control_epoch: string): Promise<unknown>;
  /** Throws what went wrong. `signal` aborts when the step is stopped. */
  work(signal: AbortSignal): Promise<Json>;
  /** For a step of a plan: what it gives to the plan when it is settled. */
  planned?: (
    step_id: string,
    ended: { output: Json } | { error: { code: string; message: string } },
  ) => StepResult | null;
}

/** How an act ended. */
export type Acted =
  | { kind: 'done'; step_id: string; output: Json }
  | { kind: 'failed'; step_id: string; error: { code: string; message: string } }
  | { kind: 'refused'; problem: Problem; decision: Decision }
  | { kind: 'run_closed' };

/** As calls of models are: which policies → reserve → decide → do it and settle, or refuse. */
export async function governAct(govern: Govern, act: Act): Promise<Acted> {
  for (;;) {
    const control = await govern.controls.of(act.asker.tenant_id);
    await act.identityAt(control.control_epoch);
    const tried = await attempt(govern, act, control);
    if (tried !== 'stale') return tried;
    govern.controls.drop(act.asker.tenant_id, control);
  }
}

interface Begun extends DecidedAct {
  act: Act;
  in_flight: InFlight;
}

async function attempt(govern: Govern, asked: Act, control: TenantControl): Promise<Acted | 'stale'> {
  const admitted_at_ms = govern.clock.now();
  // Its own, for what becomes known of pauses meanwhile is written into it.
  const act = { ...asked, asker: { ...withPauses(control, asked.asker, admitted_at_ms) } };
  const { asker } = act;
  const call = callOf(act);
  const matched = ruled(resolve(control.policies, call, admitted_at_ms), control.rulings, asker, admitted_at_ms);
  const stopped = stoppedBy(control, asker);
  const estimate = asksOf(act);
  const { lines, timed } = reserve(stopped ? [] : matched, call, estimate, admitted_at_ms);
  const over = decide({ rules: [], lines: timed, unmeasurable: [], output_bound: 0 });
  const decision_id = govern.makeId('decision');
  const in_flight = govern.calls.enter(asker, 'run', decision_id);
  let hold_id: string | null = null;
  try {
    failpoint(govern.config.failpoint, 'before_reserve');
    const admission = await govern.books.admit(asker.tenant_id, {
      control_epoch: control.control_epoch,
      ask: {
        id: decision_id,
        run_id: asker.run_id,
        run_must_exist: true,
        take: !stopped && !refuses(over.verdict),
        output_tokens: asks_nothing.output_tokens,
        lines,
        call: heldAct(act, control, lines),
      },
      new_run: null,
    });
    if (admission.outcome === 'stale') return 'stale';
    if (admission.outcome === 'run_closed') return { kind: 'run_closed' };
    const held = admission.outcome === 'admitted';
    if (held) {
      hold_id = decision_id;
      govern.metrics.open_holds.inc();
    }
    const decision = stopped ?? decidedOf(lines, admission, timed);
    const ids = idsOf(decision_id, asker.run_id);
    const reached = { lines, seen: admission.seen, timed, output_bound: 0, held };
    const alerts = alertsOfCall(govern, asker.tenant_id, reached, causeOf(call, decision_id), admitted_at_ms);
    const begun: Begun = { act, call, control, ids, lines, decision, alerts, admitted_at_ms, in_flight };
    if (refuses(decision.verdict)) return await refuse(govern, begun);
    failpoint(govern.config.failpoint, 'after_reserve');
    endInTime(govern.clock, in_flight, timed, asker);
    in_flight.admitted({ call, estimate });
    return await carryOut(govern, begun);
  } catch (error) {
    govern.letGo({ tenant_id: asker.tenant_id, hold_id, in_flight });
    throw error;
  } finally {
    in_flight.leave();
  }
}

async function carryOut(govern: Govern, begun: Begun): Promise<Acted> {
  const { act, ids, in_flight } = begun;
  let ended: { output: Json } | { error: { code: string; message: string } };
  try {
    in_flight.goesOut();
    ended = { output: await act.work(in_flight.signal) };
  } catch (error) {
    const { code = 'step_failed', message } = error as { code?: string; message: string };
    ended = { error: { code, message } };
  }
  const by = in_flight.ended_by;
  const decision = by ?? begun.decision;
  const error = 'error' in ended ? ended.error : null;
  const status = by ? 'cancelled' : error ? 'failed' : 'succeeded';
  await govern.settleStep(act.asker.tenant_id, {
    ...outcomeOf(govern, { ...begun, decision }, wentNow(govern, begun, status, error)),
    hold: { id: ids.decision_id, postings: begun.lines.map((line) => postingOf(line)) },
    planned: by ? null : (act.planned?.(ids.step_id, ended) ?? null),
  });
  in_flight.leave();
  govern.waiting.wake(act.asker.tenant_id);
  if (by) {
    await endRunIfDue(govern, { ...begun, asked: act }, by);
    return { kind: 'refused', problem: problemOf(govern, begun, by), decision: by };
  }
  return 'output' in ended
    ? { kind: 'done', step_id: ids.step_id, output: ended.output }
    : { kind: 'failed', step_id: ids.step_id, error: ended.error };
}

async function refuse(govern: Govern, begun: Begun): Promise<Acted> {
  const { act, decision } = begun;
  await askIfPaused(govern, { ...begun, asked: act }, decision);
  const problem = problemOf(govern, begun, decision);
  const error = { code: problem.code, message: problem.message };
  await govern.books.settle(act.asker.tenant_id, {
    ...outcomeOf(govern, begun, wentNow(govern, begun, 'blocked', error)),
    hold: null,
  });
  await endRunIfDue(govern, { ...begun, asked: act }, decision);
  return { kind: 'refused', problem, decision };
}

const wentNow = ({ clock }: Govern, { admitted_at_ms }: Begun, status: ActWent['status'], error: Json): ActWent => ({
  ...{ status, error, started_at_ms: admitted_at_ms, ended_at_ms: clock.now() },
});

const problemOf = ({ config, clock }: Govern, { ids }: DecidedAct, { deciding }: Decision): Problem =>
  refusalOf(present(deciding, 'what stopped a step'), {
    decision_id: ids.decision_id,
    run_id: ids.run_id,
    url: `${config.public_url}/d/${ids.decision_id}`,
    at_ms: clock.now(),
  });
