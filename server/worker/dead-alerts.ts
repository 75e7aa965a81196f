import { epochMs } from '@aos/core/base/time.ts';
import { windowAt } from '@aos/core/base/window.ts';
import { tiersOf, tiersReached } from '@aos/core/policies/alert.ts';
import { countedOver, typeOf } from '@aos/core/policies/limits/index.ts';
import { raisedFor } from '@aos/core/policies/override.ts';
import type { BalanceKey } from '@aos/core/policies/reserve.ts';
import { type Cause, type DueAlert, type Reached, tierAlert } from '../govern/alerts.ts';
import { policiesIn } from '../govern/control.ts';
import type { Govern } from '../govern/govern.ts';
import { balancesNow, type DeadHold } from '../store/usage.ts';

/**
 * What the call of a process that died may have reached: which tiers it passed died with it, so every tier that its
 * balances stand at is told, unless it was.
 */
export async function alertsOfDead(govern: Govern, tenant_id: string, hold: DeadHold): Promise<DueAlert[]> {
  const policies = policiesIn(await govern.controls.of(tenant_id));
  const at_ms = epochMs(hold.admitted_at);
  const lines = hold.control_ids.flatMap((control_id, n) => {
    for (const policy of policies) {
      const control = policy.document.controls.find(({ id }) => id === control_id);
      const limit = control?.limit;
      const type = limit && typeOf(limit);
      const subject = hold.subjects[n];
      if (!control || !limit || !type || subject === undefined) continue;
      const max = raisedFor(policy.overrides, { control_id, subject, limit, type }, at_ms)?.max ?? type.cap(limit);
      const counted_over = countedOver(limit);
      const window = counted_over && windowAt(counted_over, at_ms);
      const window_start_ms = epochMs(hold.window_starts[n] ?? hold.admitted_at);
      const key: BalanceKey = { control_id, subject, window_start_ms, since_ms: window?.since_ms ?? null };
      return [{ policy, control, limit, type, subject, max, key }];
    }
    return [];
  });
  const seen = await govern.db.tenant(tenant_id, (tx) => balancesNow(tx, lines));
  return lines.flatMap(({ key: _, ...line }, n) => {
    const { posted, pending } = seen[n] ?? { posted: 0n, pending: 0n };
    const reached: Reached = { ...line, posted, pending };
    const tiers = tiersReached(tiersOf(line.control), line.max, posted + pending);
    return tiers.map((tier) => tierAlert(govern, tenant_id, reached, tier, causeOf(hold), at_ms));
  });
}

const causeOf = ({ id, run_id, call }: DeadHold): Cause => ({
  decision_id: id,
  run_id,
  project_id: call.project_id,
  agent_id: call.agent_id,
  actor_id: call.actor_id,
  api_key_id: call.api_key_id,
  is_synthetic: call.synthetic_scenario_id !== undefined,
});
