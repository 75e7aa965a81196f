import { present } from '@aos/core/base/assert.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { ruled } from '@aos/core/policies/approval.ts';
import { type Decision, decide } from '@aos/core/policies/decide.ts';
import { type Inspected, inspect } from '@aos/core/policies/inspect.ts';
import { default_pause } from '@aos/core/policies/pause.ts';
import { type Reservation, reserve } from '@aos/core/policies/reserve.ts';
import { resolve } from '@aos/core/policies/resolve.ts';
import { pausedDecision } from '@aos/core/policies/stop.ts';
import { balancesNow } from '../store/usage.ts';
import { controlNamed, type TenantControl } from './control.ts';
import type { Govern } from './govern.ts';
import type { UnderWay } from './in-flight.ts';
import { endRevoked } from './revoked.ts';
import { setPausedTime } from './who.ts';

/**
 * Looks again at the calls under way of a tenant whose control has changed: under the rules in force now, and at
 * balances that hold what these calls have reserved. A call that would have to be refused is ended with that decision; a
 * stream that is paused stands still for as long as a caller would have waited. Those of a revoked key are ended first.
 */
export async function recheckCalls(govern: Govern, tenant_id: string): Promise<void> {
  await endRevoked(govern, tenant_id);
  const calls = govern.calls.underWay(tenant_id);
  if (calls.length === 0) return;
  const control = await govern.controls.of(tenant_id);
  const at_ms = govern.clock.now();
  for (const { of } of calls) {
    const { asker } = of.call;
    const pause = control.pauses.get(asker.run_id);
    if (pause) setPausedTime(asker, pause);
  }
  const looked = calls.map((call) => ({ ...call, ...look(control, call.of, at_ms) }));
  const lines = looked.flatMap(({ reservation }) => reservation.lines);
  const seen = await govern.db.tenant(tenant_id, (tx) => balancesNow(tx, lines));
  let next = 0;
  for (const { of, call, reservation, inspected } of looked) {
    const held = reservation.lines.map((line) => ({ line, seen: present(seen[next++], 'the balance of a line') }));
    const paused = control.pauses.get(of.call.asker.run_id)?.paused;
    const decision = paused ? pausedDecision(paused) : judge(inspected, reservation, held);
    if (decision.verdict === 'pause') call.hold(decision, waitOf(control, decision) * 1000);
    else if (refuses(decision.verdict)) call.end(decision);
    else call.goOn();
  }
}

/** How long a paused call waits, in seconds. */
const waitOf = (control: TenantControl, { deciding }: Decision): number =>
  ((deciding && controlNamed(control, deciding)?.pause) ?? default_pause).wait_seconds;

interface Looked {
  reservation: Reservation;
  inspected: Inspected[];
}

/**
 * Nothing more is asked: what the call may use has been reserved already. Limits that count nothing of what it still does
 * (calls, runs, steps, input) are left out: they have let it in, and ending it would give them nothing back.
 */
function look(control: TenantControl, { call, estimate }: UnderWay, at_ms: number): Looked {
  const matched = ruled(resolve(control.policies, call, at_ms), control.rulings, call.asker, at_ms);
  const { lines, ...rest } = reserve(matched, call, estimate, at_ms);
  const holding = lines.filter((line) => line.rate > 0n).map((line) => ({ ...line, base: 0n, rate: 0n }));
  return { reservation: { ...rest, lines: holding }, inspected: inspect(matched, call) };
}

const judge = (rules: Inspected[], { timed, unmeasurable }: Reservation, held: Reservation['timed']): Decision =>
  decide({ rules, lines: [...held, ...timed], unmeasurable, output_bound: 0 });
