import { instantText } from '@aos/core/base/time.ts';
import { isAway } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import { writeOutcomeOrLeast } from '../govern/least.ts';
import { type Outcome, writeOutcomes } from '../govern/settle.ts';
import { dead_after_s } from '../store/instances.ts';
import { dueHolds, markDeadHolds } from '../store/usage.ts';
import { alertsOfDead } from './dead-alerts.ts';
import { outcomeOfDead } from './dead-call.ts';
import { forEachTenant, type Job } from './define.ts';

const batch_max = 100;

export const expire_holds: Job = { name: 'expire-holds', every_ms: 5_000, run: forEachTenant(expireHolds) };

/**
 * Ends the holds of processes that died. What was never sent is released. What was sent stays counted in full until it
 * is reconciled: nobody can say what it used, so after the wait it is settled as estimated, at all that was held.
 */
async function expireHolds(govern: Govern, tenant_id: string): Promise<number> {
  await govern.db.tenant(tenant_id, (tx) => markDeadHolds(tx, dead_after_s));
  const due = await govern.db.tenant(tenant_id, (tx) =>
    dueHolds(tx, { suspect_s: govern.config.suspect_seconds, dead_after_s, limit: batch_max }),
  );
  const ended_at = instantText(govern.clock.now());
  const outcomes: Outcome[] = [];
  for (const hold of due) {
    const alerts = await alertsOfDead(govern, tenant_id, hold);
    outcomes.push(outcomeOfDead(tenant_id, hold, ended_at, govern.makeId('incident'), alerts));
  }
  if (outcomes.length > 0)
    await writeOutcomes(govern, tenant_id, outcomes).catch((error: unknown) => {
      if (isAway(error)) throw error;
      return writeEach(govern, tenant_id, outcomes);
    });
  return due.length;
}

/** One that the database does not take keeps no other from its end. */
async function writeEach(govern: Govern, tenant_id: string, outcomes: readonly Outcome[]): Promise<void> {
  const failed: unknown[] = [];
  for (const outcome of outcomes)
    await writeOutcomeOrLeast(govern, tenant_id, outcome).catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw failed[0];
}
