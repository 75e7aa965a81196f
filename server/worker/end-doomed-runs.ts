import { firstSuffixAt, id_prefixes } from '@aos/core/base/id.ts';
import type { Govern } from '../govern/govern.ts';
import { killByPolicy } from '../govern/kill.ts';
import { doomedRuns } from '../store/doomed-runs.ts';
import { forEachTenant, type Job } from './define.ts';

/** So long the process that decided has for ending the run by itself. */
const decided_s = 10;
const batch_max = 100;

export const end_doomed_runs: Job = { name: 'end-doomed-runs', every_ms: 10_000, run: forEachTenant(endDoomed) };

/**
 * Ends runs that a policy has ended by decision, where the process that decided died before it could, or its database
 * failed. Whatever was decided longer ago than a run may be idle is over, or has been looked at here.
 */
async function endDoomed(govern: Govern, tenant_id: string): Promise<void> {
  const looked_back_s = govern.config.run_idle_seconds + 600;
  const from_id = `${id_prefixes.decision}_${firstSuffixAt(govern.clock.now() - looked_back_s * 1000)}`;
  const doomed = await govern.db.tenant(tenant_id, (tx) => doomedRuns(tx, from_id, decided_s, batch_max));
  for (const { run_id, by } of doomed)
    await killByPolicy(govern, { call: { asker: { tenant_id } }, ids: { run_id }, asked: { request_id: null } }, by);
}
