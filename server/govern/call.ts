import type { Call, Estimate } from '@aos/core/activity/call.ts';
import { Problem } from '@aos/core/base/error.ts';
import { sibling } from '@aos/core/base/id.ts';
import { type Action, refuses } from '@aos/core/policies/action.ts';
import { ruled } from '@aos/core/policies/approval.ts';
import { decideAtGate, mayPass } from '@aos/core/policies/gate.ts';
import { type Inspected, inspect } from '@aos/core/policies/inspect.ts';
import { type Line, type Reservation, reserve } from '@aos/core/policies/reserve.ts';
import { type Matched, resolve } from '@aos/core/policies/resolve.ts';
import { failpoint } from '../base/failpoint.ts';
import type { Admission } from '../store/admission.ts';
import type { HeldCall } from '../store/usage.ts';
import { alertsOfCall, causeOf } from './alerts.ts';
import { dryRun, refuse, send } from './answer.ts';
import type { AskedCall } from './asked.ts';
import type { TenantControl } from './control.ts';
import { countedEstimate, estimateJson, estimateOf } from './estimate.ts';
import type { Govern } from './govern.ts';
import type { Governed } from './governed.ts';
import type { InFlight } from './in-flight.ts';
import { heldSafely } from './let-go.ts';
import { billedFor, type ChosenModel, chooseModel } from './models.ts';
import { askIfPaused, waitForRoom } from './paused.ts';
import { findRoom } from './room.ts';
import type { Ticket } from './ticket.ts';
import { endInTime } from './time-limit.ts';
import { type Who, whoAsks } from './who.ts';

/**
 * The one way to a model: who asks → which policies → inspect → reserve → decide, wait where it is paused → send, meter and settle, or refuse.
 * Nothing leaves before its holds are taken, and everything that happened is written before the answer ends.
 */
export async function governCall(govern: Govern, asked: AskedCall): Promise<Governed> {
  const again = () => decided(govern, asked);
  const first = await again();
  if (asked.claims.dry_run) return dryRun(govern, first);
  const ticket = first.decision.verdict === 'pause' ? await waitForRoom(govern, first, again) : first;
  if (refuses(ticket.decision.verdict)) return refuse(govern, ticket);
  return heldSafely(govern, ticket, () => send(govern, ticket));
}

/**
 * What would be decided about a call of a run that waits; nothing is held, sent or recorded. A person is asked again,
 * where one has to decide and the question that the run waited by has been closed.
 */
export async function lookAtCall(govern: Govern, asked: AskedCall): Promise<Action> {
  const looked = await decided(govern, { ...asked, claims: { ...asked.claims, dry_run: true } });
  await askIfPaused(govern, looked, looked.decision);
  return looked.decision.verdict;
}

/** More rounds than control can change under a call, unless somebody changes it all the time. */
const rounds_max = 20;

/** Decides under the control state in force at admission: prepared again whenever that has moved on meanwhile. */
export async function decided(govern: Govern, asked: AskedCall, estimating = estimateOf): Promise<Ticket> {
  for (let round = 0; round < rounds_max; round++) {
    const prepared = await prepare(govern, asked);
    if (prepared === 'stale') continue;
    const estimate = estimating(asked, prepared.model, prepared.who.project);
    const loose = await attempt(govern, asked, prepared, estimate);
    const ticket = typeof loose === 'object' && !fits(loose) ? await closer(govern, asked, prepared, loose) : loose;
    if (ticket === 'stale') {
      govern.controls.drop(asked.identity.tenant_id, prepared.control);
    } else if (ticket === 'run_closed') {
      prepared.who.forgetRun();
    } else {
      return ticket;
    }
  }
  throw new Problem(
    'governance_unavailable',
    'The policies of this tenant are changing too fast to decide; try again.',
    { retry_after_s: 2 },
  );
}

const fits = (ticket: Ticket) => !refuses(ticket.decision.verdict);

interface Prepared {
  control: TenantControl;
  who: Who;
  model: ChosenModel;
  call: Call;
  matched: Matched[];
  inspected: Inspected[];
}

async function prepare(govern: Govern, asked: AskedCall): Promise<Prepared | 'stale'> {
  const control = await govern.controls.of(asked.identity.tenant_id);
  asked.identity = await asked.identityAt(control.control_epoch);
  let model: ChosenModel;
  try {
    // First what can be refused without a trace: a call that names no model registers nobody.
    model = billedFor(chooseModel(control, asked.wire, asked.request.model), asked);
  } catch (refusal) {
    // A model is refused under the control in force only: somebody may just have made it one that can be called.
    if (await govern.controls.isInForce(asked.identity.tenant_id, control)) throw refusal;
    return 'stale';
  }
  const who = await whoAsks(govern, control, asked);
  const { tools } = asked.request;
  const call: Call = {
    asker: who.asker,
    kind: 'llm',
    provider: model.provider.slug,
    model: model.name,
    tools,
    tags: asked.claims.tags,
  };
  const at_ms = govern.clock.now();
  const matched = ruled(resolve(control.policies, call, at_ms), control.rulings, call.asker, at_ms);
  return { control, who, model, call, matched, inspected: inspect(matched, call) };
}

/** A refusal that rests on the loose bound from bytes is tried once more with the prompt's tokens counted. */
async function closer(govern: Govern, asked: AskedCall, prepared: Prepared, loose: Ticket): Promise<Attempt> {
  if (
    loose.decision.contributions.every(
      (of) => !of.fired || of.unit === null || of.unit === 'calls' || of.unit === 'runs',
    )
  )
    return loose;
  const counted = await countedEstimate(loose.estimate, asked, prepared.model);
  return counted ? attempt(govern, asked, prepared, counted) : loose;
}

type Attempt = Ticket | 'stale' | 'run_closed';

/**
 * One try at the gate: reserve, admit, decide. A call that is refused whatever policies say passes the gate with nothing
 * to reserve, for its run may have ended meanwhile. The call is known as in flight before it is admitted: whoever stops
 * it right after finds it.
 */
async function attempt(govern: Govern, asked: AskedCall, prepared: Prepared, estimate: Estimate): Promise<Attempt> {
  const { control, call, matched, inspected, who } = prepared;
  const admitted_at_ms = govern.clock.now();
  const reservation = reserve(who.refused ? [] : matched, call, estimate, admitted_at_ms);
  const take = !who.refused && !asked.claims.dry_run && mayPass(inspected, reservation);
  const decision_id = govern.makeId('decision');
  const new_run = who.openRun(control.policies.snapshot_id, admitted_at_ms);
  const in_flight = govern.calls.enter(call.asker, asked.planned ? 'run' : 'caller', decision_id);
  let hold_id: string | null = null;
  try {
    failpoint(govern.config.failpoint, 'before_reserve');
    const admission = await govern.books.admit(call.asker.tenant_id, {
      control_epoch: control.control_epoch,
      ask: {
        id: decision_id,
        run_id: call.asker.run_id,
        run_must_exist: who.run_must_exist,
        take,
        output_tokens: estimate.output_tokens,
        lines: reservation.lines,
        call: heldCall(prepared, asked, estimate, reservation.lines),
      },
      new_run,
    });
    if (admission.outcome === 'admitted') hold_id = decision_id;
    else in_flight.leave();
    if (admission.outcome === 'stale' || admission.outcome === 'run_closed') return admission.outcome;
    if (hold_id !== null) begun(govern, prepared, { estimate, reservation, in_flight });
    else if (admission.outcome === 'refused')
      await findRoom(govern, call.asker.tenant_id, reservation, estimate, admission);
    const at = { estimate, reservation, admission, decision_id, admitted_at_ms, new_run, in_flight };
    const ticket = judged(govern, asked, prepared, at);
    return who.refused ? { ...ticket, decision: who.refused } : ticket;
  } catch (error) {
    govern.letGo({ tenant_id: call.asker.tenant_id, hold_id, in_flight });
    throw error;
  }
}

/** The call is admitted: from now on it can be stopped, and ends in time. */
function begun(
  govern: Govern,
  { call, who }: Prepared,
  { estimate, reservation, in_flight }: Pick<AtGate, 'estimate' | 'reservation' | 'in_flight'>,
): void {
  govern.metrics.open_holds.inc();
  failpoint(govern.config.failpoint, 'after_reserve');
  who.opened();
  in_flight.admitted({ call, estimate });
  endInTime(govern.clock, in_flight, reservation.timed, call.asker);
}

interface AtGate {
  estimate: Estimate;
  reservation: Reservation;
  admission: Admission;
  decision_id: string;
  admitted_at_ms: number;
  new_run: Ticket['new_run'];
  in_flight: InFlight;
}

function judged(
  govern: Govern,
  asked: AskedCall,
  { control, who, call, model, inspected }: Prepared,
  at: AtGate,
): Ticket {
  const { estimate, reservation, admission } = at;
  const output_bound = admission.output_bound ?? estimate.output_tokens.floor;
  const decision = decideAtGate(inspected, reservation, admission.seen, output_bound);
  const { run_id, tenant_id } = call.asker;
  const cause = causeOf(call, at.decision_id);
  const reached = {
    lines: reservation.lines,
    seen: admission.seen,
    timed: reservation.timed,
    output_bound,
    held: admission.outcome === 'admitted',
  };
  return {
    asked,
    control,
    call,
    model,
    estimate,
    lines: reservation.lines,
    seen: admission.seen,
    output_bound,
    decision,
    alerts: alertsOfCall(govern, tenant_id, reached, cause, at.admitted_at_ms),
    ids: {
      decision_id: at.decision_id,
      record_id: sibling(at.decision_id, 'record'),
      step_id: sibling(at.decision_id, 'step'),
      run_id,
      trace_id: sibling(run_id, 'trace'),
    },
    new_run: at.new_run,
    identity: who.identity,
    in_flight: at.in_flight,
    admitted_at_ms: at.admitted_at_ms,
    decided_after_ms: govern.clock.monotonic() - asked.begun_ms,
  };
}

/** What a record of the call needs when this process dies before it can write one. */
const heldCall = (
  { call, model, control }: Prepared,
  asked: AskedCall,
  estimate: Estimate,
  lines: readonly Line[],
): HeldCall => ({
  project_id: call.asker.project.id,
  agent_id: call.asker.agent?.id ?? null,
  actor_id: call.asker.actor?.id ?? null,
  api_key_id: call.asker.api_key.id,
  session_id: call.asker.session?.id ?? null,
  provider: model.provider.slug,
  model: model.name,
  wire: asked.wire.name,
  streamed: asked.request.stream,
  price_id: model.priced?.price.id ?? null,
  price_version: model.priced?.price.version ?? null,
  policy_snapshot_id: control.policies.snapshot_id,
  tags: call.tags,
  parent_step_id: asked.claims.parent_step_id ?? null,
  prompt_hash: asked.prompt_hash,
  estimate: estimateJson(estimate),
  output_bound: estimate.output_tokens.wanted,
  line_types: lines.map((line) => line.limit.type),
  source: asked.planned && 'managed',
  synthetic_scenario_id: call.asker.synthetic_scenario_id,
});
