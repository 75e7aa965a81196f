import type { Govern } from '../govern/govern.ts';
import { asker_sums, call_sums } from '../store/call-sums.ts';
import { run_sums } from '../store/run-sums.ts';
import { type Sums, sumUp } from '../store/sums.ts';
import { forEachTenant, type Job } from './define.ts';

/** No call of an hour is decided so long after its end. */
const settled_after_ms = 600_000;

/** Stretches that one look sums up: a past that was never summed up does not keep the other jobs waiting. */
const most = 40;

/** An idle time of hours holds no hour back: its runs come late. */
const most_idle_ms = 3_600_000;

const job = (name: string, sums: Sums, afterMs: (govern: Govern) => number): Job => ({
  name,
  every_ms: 30_000,
  run: forEachTenant(async (govern, tenant_id) => {
    const ended_before_ms = govern.clock.now() - afterMs(govern);
    for (let n = 0; n < most; n++)
      if (!(await govern.db.tenant(tenant_id, (tx) => sumUp(tx, sums, tenant_id, ended_before_ms)))) return;
  }),
});

/** Sums up the calls of hours and days that are complete. */
export const sum_calls = job('sum-calls', call_sums, () => settled_after_ms);

/** The same for each person and key. */
export const sum_askers = job('sum-askers', asker_sums, () => settled_after_ms);

/** The same for runs. An hour waits until its runs could have ended for having no more calls, so that few come late. */
export const sum_runs = job(
  'sum-runs',
  run_sums,
  ({ config }) => settled_after_ms + Math.min(config.run_idle_seconds * 1000, most_idle_ms),
);
