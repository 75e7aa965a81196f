import type { Govern } from '../govern/ticket.ts';
import { removeOldClaims } from '../store/idempotency.ts';
import { extendPartitions } from '../store/partitions.ts';
import { tenantIds } from '../store/tenant-ids.ts';
import { endIdle } from './end-idle-runs.ts';
import { expireHolds } from './expire-holds.ts';

/** Work that is due again and again; each job is safe to run on every replica at once. */
export interface Job {
  name: string;
  every_ms: number;
  run(govern: Govern): Promise<unknown>;
}

const forEachTenant = (work: (govern: Govern, tenant_id: string) => Promise<unknown>) => async (govern: Govern) => {
  for (const tenant_id of await govern.db.installation(tenantIds)) await work(govern, tenant_id);
};

const jobs: Job[] = [
  { name: 'expire-holds', every_ms: 5_000, run: forEachTenant(expireHolds) },
  { name: 'end-idle-runs', every_ms: 5_000, run: forEachTenant(endIdle) },
  {
    name: 'forget-idempotency-keys',
    every_ms: 3_600_000,
    run: forEachTenant((govern, id) => govern.db.tenant(id, removeOldClaims)),
  },
  { name: 'extend-partitions', every_ms: 3_600_000, run: (govern) => govern.db.installation(extendPartitions) },
];

/** Starts the jobs of this process; the answer stops them and waits for the one that is running. */
export function startWorker(govern: Govern): () => Promise<void> {
  const stops = jobs.map((job) => repeat(govern, job));
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Runs one job after the other has ended, never two at once; a failed run is logged and tried at the next time. */
export function repeat(govern: Govern, job: Job): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let is_stopped = false;
  const next = () => {
    timer = setTimeout(() => {
      running = job
        .run(govern)
        .catch((error: Error) =>
          govern.log.warn({ job: job.name, error: error.message }, 'a job failed and will run again'),
        )
        .finally(() => !is_stopped && next());
    }, job.every_ms);
  };
  next();
  return async () => {
    is_stopped = true;
    clearTimeout(timer);
    await running;
  };
}
