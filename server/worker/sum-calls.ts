import { sumUp } from '../store/call-sums.ts';
import { forEachTenant, type Job } from './define.ts';

/** No call of an hour is decided so long after its end. */
const settled_after_ms = 600_000;

/** Stretches that one look sums up: a past that was never summed up does not keep the other jobs waiting. */
const most = 40;

/** Sums up the calls of hours and days that are complete. */
export const sum_calls: Job = {
  name: 'sum-calls',
  every_ms: 30_000,
  run: forEachTenant(async ({ db, clock }, tenant_id) => {
    for (let n = 0; n < most; n++)
      if (!(await db.tenant(tenant_id, (tx) => sumUp(tx, tenant_id, clock.now() - settled_after_ms)))) return;
  }),
};
