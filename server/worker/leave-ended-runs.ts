import type { Govern } from '../govern/govern.ts';
import { leaveEndedRuns } from '../store/run-places.ts';
import { forEachTenant, type Job } from './define.ts';

/** Places go with the ends of their runs; one that is there all the same would keep another run out for ever. */
export const leave_ended_runs: Job = { name: 'leave-ended-runs', every_ms: 5_000, run: forEachTenant(leave) };

async function leave({ db, log }: Govern, tenant_id: string): Promise<void> {
  const places = await db.tenant(tenant_id, leaveEndedRuns);
  if (places > 0) log.error({ tenant_id, places }, 'places of runs that had ended were given back');
}
