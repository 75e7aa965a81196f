import type { Call, Estimate } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { decide } from '@aos/core/policies/decide.ts';
import { type Line, type Reservation, reserve } from '@aos/core/policies/reserve.ts';
import { type Matched, resolve } from '@aos/core/policies/resolve.ts';
import { failpoint } from '../base/failpoint.ts';
import { traceOf } from '../store/traces.ts';
import type { Admission, HeldCall } from '../store/usage.ts';
import { dryRun, refuse, send } from './answer.ts';
import type { AskedCall } from './asked.ts';
import type { TenantControl } from './control.ts';
import { countedEstimate, estimateJson, estimateOf } from './estimate.ts';
import type { Govern } from './govern.ts';
import type { Governed } from './governed.ts';
import type { InFlight } from './in-flight.ts';
import { type Inspected, inspect } from './inspect.ts';
import { type ChosenModel, chooseModel } from './models.ts';
import type { Ticket } from './ticket.ts';
import { type Who, whoAsks } from './who.ts';

/**
 * The one way to a model: who asks → which policies → inspect → reserve → decide → send, meter and settle, or refuse.
 * Nothing leaves before its holds are taken, and everything that happened is written before the answer ends.
 */
export async function governCall(govern: Govern, asked: AskedCall): Promise<Governed> {
  const ticket = await decided(govern, asked);
  if (asked.claims.dry_run) return dryRun(govern, ticket);
  if (refuses(ticket.decision.verdict)) return refuse(govern, ticket);
  return send(govern, ticket);
}

/** More rounds than control can change under a call, unless somebody changes it all the time. */
const rounds_max = 20;

/** Decides under the control state in force at admission: prepared again whenever that has moved on meanwhile. */
async function decided(govern: Govern, asked: AskedCall): Promise<Ticket> {
  for (let round = 0; round < rounds_max; round++) {
    const prepared = await prepare(govern, asked);
    const estimate = estimateOf(asked, prepared.model, prepared.who.project);
    const loose = await attempt(govern, asked, prepared, estimate);
    const ticket = typeof loose === 'object' && !fits(loose) ? await closer(govern, asked, prepared, loose) : loose;
    if (ticket === 'stale') {
      govern.controls.drop(asked.identity.tenant_id);
      asked.identity = await asked.reauthenticate();
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

async function prepare(govern: Govern, asked: AskedCall): Promise<Prepared> {
  const control = await govern.controls.of(asked.identity.tenant_id);
  // First what can be refused without a trace: a call that names no model registers nobody.
  const model = chooseModel(control, asked.wire, asked.request.model);
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
  const matched = resolve(control.policies, call, govern.clock.now());
  return { control, who, model, call, matched, inspected: inspect(matched, call) };
}

/** A refusal that rests on the loose bound from bytes is tried once more with the prompt's tokens counted. */
async function closer(govern: Govern, asked: AskedCall, prepared: Prepared, loose: Ticket): Promise<Attempt> {
  if (loose.decision.contributions.every((of) => !of.fired || of.unit === null || of.unit === 'calls')) return loose;
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
  const in_flight = govern.calls.enter(call.asker);
  failpoint(govern.config.failpoint, 'before_reserve');
  const asking = govern.books.admit(call.asker.tenant_id, {
    control_epoch: control.control_epoch,
    ask: {
      id: decision_id,
      run_id: call.asker.run_id,
      run_must_exist: who.run_must_exist,
      take,
      output_tokens: estimate.output_tokens,
      lines: reservation.lines,
      call: heldCall(prepared, asked, estimate, reservation.lines) as unknown as Json,
    },
    new_run,
    new_trace: new_run && traceOf(new_run),
  });
  const admission = await asking.catch((error: unknown) => {
    in_flight.leave();
    throw error;
  });
  if (admission.outcome === 'stale' || admission.outcome === 'run_closed') {
    in_flight.leave();
    return admission.outcome;
  }
  if (admission.outcome === 'admitted') {
    failpoint(govern.config.failpoint, 'after_reserve');
    who.opened();
    govern.metrics.open_holds.inc();
  } else {
    in_flight.leave();
  }
  const at = { estimate, reservation, admission, decision_id, admitted_at_ms, new_run, in_flight };
  const ticket = judged(govern, asked, prepared, at);
  return who.refused ? { ...ticket, decision: who.refused } : ticket;
}

/** Whether anything but the books already refuses the call: then nothing is taken. */
const mayPass = (inspected: Inspected[], reservation: Reservation): boolean =>
  !refuses(decide({ rules: inspected, lines: [], unmeasurable: reservation.unmeasurable, output_bound: 0 }).verdict);

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
  const lines = reservation.lines.map((line, n) => ({
    line,
    seen: present(admission.seen[n], 'the balance of a line'),
  }));
  const decision = decide({ rules: inspected, lines, unmeasurable: reservation.unmeasurable, output_bound });
  const { run_id } = call.asker;
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
  prompt_hash: asked.prompt_hash,
  estimate: estimateJson(estimate),
  line_types: lines.map((line) => line.limit.type),
});
