import type { Govern } from '../govern/govern.ts';
import { lockRunsToWrite } from '../store/runs.ts';
import { markSettled, unsettledKills } from '../store/stops.ts';
import { completeTraces } from '../store/traces.ts';
import { forEachTenant, type Job } from './define.ts';

const batch_max = 500;

export const settle_kills: Job = { name: 'settle-kills', every_ms: 2_000, run: forEachTenant(settleKills) };

/** Completes the traces of killed runs once the last of their calls has been settled. */
function settleKills(govern: Govern, tenant_id: string): Promise<number> {
  return govern.db.tenant(tenant_id, async (tx) => {
    const run_ids = await unsettledKills(tx, batch_max);
    if (run_ids.length === 0) return 0;
    await lockRunsToWrite(tx, run_ids);
    await completeTraces(tx, run_ids);
    await markSettled(tx, run_ids);
    return run_ids.length;
  });
}
