import { windowAt } from '@aos/core/base/window.ts';
import { countedOver, limit_types } from '@aos/core/policies/limits/index.ts';
import type { Govern } from '../govern/govern.ts';
import { forgetBalances } from '../store/carried-balances.ts';
import { limitsEver } from '../store/past-limits.ts';
import { forEachTenant, type Job } from './define.ts';

/** Longer than a call may take, and for limits whose window becomes a longer one: see decision 0094. */
const kept_ms = 2 * 86_400_000;
const batch_max = 2_000;
/** Of one turn: a process that stops waits for it. */
const batches_max = 50;

/** Deletes the balances of windows that nobody looks at any more: a rolling window of a minute begins one each second. */
export const forget_balances: Job = {
  name: 'forget-balances',
  every_ms: 600_000,
  run: forEachTenant(async ({ clock, db }: Govern, tenant_id) => {
    const limits = await db.tenant(tenant_id, limitsEver);
    const before = firstThatCounted(limits, clock.now() - kept_ms);
    for (let batch = 0; batch < batches_max; batch++) {
      const forgotten = await db.tenant(tenant_id, (tx) => forgetBalances(tx, before, batch_max));
      if (forgotten < batch_max) return;
    }
  }),
};

/** For each control, where the first window began that counted at an instant, by the longest it ever had. */
function firstThatCounted(limits: Awaited<ReturnType<typeof limitsEver>>, at_ms: number): Map<string, number> {
  const first = new Map<string, number>();
  for (const { control_id, limit } of limits) {
    const window = limit_types.has(limit.type) ? countedOver(limit) : undefined;
    if (!window) continue;
    const { start_ms, since_ms } = windowAt(window, at_ms);
    first.set(control_id, Math.min(first.get(control_id) ?? at_ms, since_ms ?? start_ms));
  }
  return first;
}
