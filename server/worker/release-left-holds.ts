import type { Govern } from '../govern/govern.ts';
import type { Later } from '../govern/later.ts';
import { lockHeld, oldHoldsOf } from '../store/left-holds.ts';
import { releaseHolds } from '../store/usage.ts';
import { forEachTenant, type Job } from './define.ts';

/** Longer than anything takes that holds something and is not in flight: a report of steps is written in seconds. */
const old_s = 60;
const most = 10_000;

/**
 * A commit without an answer may take effect long after its admission was looked for and given up. What this process
 * owns and knows nothing of was never sent, and is released: it would count until the next start, and then be charged.
 * Runs in every process, whatever its roles: nobody else can tell.
 */
export const releaseLeftHolds = (later: Later): Job => ({
  name: 'release-left-holds',
  every_ms: 60_000,
  run: forEachTenant(async (govern: Govern, tenant_id) => {
    const { calls, db, instance_id, log, waiting } = govern;
    const old = await db.tenant(tenant_id, (tx) => oldHoldsOf(tx, instance_id, old_s, most));
    // Looked up after they were read: what has ended meanwhile has no hold any more, and nothing comes to be known again.
    const left = old.filter((id) => !calls.has(id) && !later.has(id));
    if (left.length === 0) return;
    const released = await db.tenant(tenant_id, async (tx) => releaseHolds(tx, await lockHeld(tx, left)));
    if (released.size === 0) return;
    waiting.wake(tenant_id);
    log.warn({ tenant_id, holds: released.size }, 'holds were released that no call of this process has');
  }),
});
