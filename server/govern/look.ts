import { ruled } from '@aos/core/policies/approval.ts';
import { type Line, reserve, type Seen } from '@aos/core/policies/reserve.ts';
import { resolve } from '@aos/core/policies/resolve.ts';
import type { Deps } from '../base/deps.ts';
import { balancesNow } from '../store/usage.ts';
import { asksOf, callOf, type DecidedAct, decidedOf, type StepAct, stoppedBy, withPauses } from './act-outcome.ts';
import type { TenantControl } from './control.ts';

/** An act that nobody takes, with what would be decided about it, and the balances that this rests on. */
export interface Looked extends Pick<DecidedAct, 'call' | 'decision'> {
  lines: Line[];
  seen: Seen[];
}

/** Decides about a step that calls no model at the books as they stand; nothing is held or recorded. */
export async function lookAct(deps: Deps, control: TenantControl, act: StepAct): Promise<Looked> {
  const at_ms = deps.clock.now();
  const asker = withPauses(control, act.asker, at_ms);
  const call = callOf({ ...act, asker });
  const stopped = stoppedBy(control, asker);
  const matched = ruled(resolve(control.policies, call, at_ms), control.rulings, asker, at_ms);
  const { lines, timed } = reserve(stopped ? [] : matched, call, asksOf(act), at_ms);
  const seen = await deps.db.tenant(act.asker.tenant_id, (tx) => balancesNow(tx, lines, asker.run_id));
  return { call, lines, seen, decision: stopped ?? decidedOf(lines, { seen }, timed) };
}
