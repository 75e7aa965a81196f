import { mayDo } from '@aos/core/access/permission.ts';
import type { system_endpoints } from '@aos/core/api/system.ts';
import type { Deps } from '../base/deps.ts';
import { version } from '../base/version.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { databaseFacts, processes, waitingWork } from '../store/system-read.ts';
import { inTenant, nowText } from './change.ts';
import { visibleProject } from './read.ts';

export const system_handlers: Handlers<typeof system_endpoints> = {
  getSystem: async (_input, context) => {
    const { deps } = context;
    const is_operator = runsInstallation(context);
    const [database, known, queue, added] = await Promise.all([
      databaseNow(deps),
      is_operator ? deps.db.installation((tx) => processes(tx, dead_after_s)) : null,
      inTenant(context, waitingWork),
      is_operator ? addedBy(deps) : null,
    ]);
    return {
      version,
      node: process.versions.node,
      instance_id: deps.instance_id,
      database: is_operator ? database : { ...database, size_bytes: null },
      processes: known,
      queue,
      added,
      generated_at: nowText(context),
    };
  },
};

/** Whether the caller may know how much all tenants together have and do. */
const runsInstallation = (context: Context): boolean =>
  context.identity.of_installation && mayDo(context.identity.role, 'administer') && visibleProject(context) === null;

/** A process that has not beaten for so long is gone. */
const dead_after_s = 15;

async function databaseNow({ db, clock }: Context['deps']) {
  return db.installation(async (tx) => {
    const asked_ms = clock.monotonic();
    const { version, now_ms, size_bytes } = await databaseFacts(tx);
    const answered_in_ms = clock.monotonic() - asked_ms;
    const clock_ahead_ms = Math.round(clock.now() - answered_in_ms / 2 - now_ms);
    return { version, answered_in_ms: Math.round(answered_in_ms * 10) / 10, clock_ahead_ms, size_bytes };
  });
}

/** Percentiles from the histogram of this process: the upper end of the bucket that holds them. */
async function addedBy({ metrics }: Deps) {
  const { values } = await metrics.call_added_seconds.get();
  const buckets = values
    .filter(({ metricName }) => metricName?.endsWith('_bucket'))
    .map(({ labels, value }) => ({ le: Number(labels.le === '+Inf' ? Number.POSITIVE_INFINITY : labels.le), value }));
  const calls = values.find(({ metricName }) => metricName?.endsWith('_count'))?.value ?? 0;
  const at = (share: number) => {
    const le = calls === 0 ? undefined : buckets.find(({ value }) => value >= calls * share)?.le;
    return le === undefined || !Number.isFinite(le) ? null : le;
  };
  return { calls, p50_seconds: at(0.5), p95_seconds: at(0.95), p99_seconds: at(0.99) };
}
