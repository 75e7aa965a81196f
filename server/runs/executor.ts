import { setTimeout as sleep } from 'node:timers/promises';
import type { Govern } from '../govern/govern.ts';
import { knownTenants } from '../govern/known-tenants.ts';
import { claimRuns, type ManagedRun, releaseLease, renewLeases } from '../store/managed-runs.ts';
import { executeRun } from './execute.ts';

/** How long a claim holds without being renewed, and how often it is. */
const lease_s = 15;
const renew_every_ms = 5_000;
/** A worker that could not renew for so long stops by itself, before another may take over. */
const self_fence_ms = 12_000;
/** How often new runs are looked for. */
const claim_every_ms = 500;
/** How long runs may take to end the step they are at when the process stops. */
const stop_within_ms = 5_000;
/** Runs that one process works on at the same time. */
const runs_max = 16;

interface Working {
  tenant_id: string;
  run: ManagedRun;
  stop: AbortController;
  done: Promise<void>;
}

export interface Executor {
  /** A run waits: looks for it at once. */
  wake(): void;
  stop(): Promise<void>;
}

/** Claims runs and carries them out until it is stopped; then gives back what it has, for another worker to go on. */
export function startExecutor(govern: Govern): Executor {
  const working = new Map<string, Working>();
  let is_stopped = false;
  let first = 0;
  let renewed_ms = govern.clock.monotonic();

  const begin = (tenant_id: string, run: ManagedRun) => {
    const stop = new AbortController();
    const done = executeRun(govern, tenant_id, run, stop.signal)
      .catch((error: Error) => {
        govern.log.error(
          { error: error.message, run_id: run.run_id },
          'a run could not be carried out and is tried again',
        );
      })
      .finally(() => {
        working.delete(run.run_id);
        claiming.now();
      });
    working.set(run.run_id, { tenant_id, run, stop, done });
  };

  const claim = async () => {
    const tenants = await knownTenants(govern);
    // Another tenant is the first each time, and none may take all the room while others could need it.
    first = (first + 1) % Math.max(1, tenants.length);
    for (const tenant_id of [...tenants.slice(first), ...tenants.slice(0, first)]) {
      const limit = Math.ceil((runs_max - working.size) / 2);
      if (limit <= 0 || is_stopped) return;
      const claimed = await govern.db.tenant(tenant_id, (tx) =>
        claimRuns(tx, { owner: govern.instance_id, lease_s, limit }),
      );
      for (const run of claimed) begin(tenant_id, run);
    }
  };

  const renew = async () => {
    const tenants = new Map<string, Working[]>();
    for (const one of working.values()) tenants.set(one.tenant_id, [...(tenants.get(one.tenant_id) ?? []), one]);
    for (const [tenant_id, ours] of tenants) {
      const leases = ours.map(({ run }) => run);
      const kept = await govern.db.tenant(tenant_id, (tx) => renewLeases(tx, leases, lease_s));
      for (const { run, stop } of ours) if (!kept.has(run.run_id)) stop.abort();
    }
    renewed_ms = govern.clock.monotonic();
  };

  const fence = () => {
    if (govern.clock.monotonic() - renewed_ms < self_fence_ms) return;
    for (const { stop } of working.values()) stop.abort();
  };

  const failing = (error: Error) => govern.log.warn({ error: error.message }, 'runs could not be claimed or kept');
  const claiming = every(claim_every_ms, () => claim().catch(failing));
  const renewing = every(renew_every_ms, () => renew().catch(failing));
  const fencing = every(1_000, async () => fence());

  const stop = async () => {
    is_stopped = true;
    await Promise.all([claiming.stop(), renewing.stop(), fencing.stop()]);
    for (const { stop } of working.values()) stop.abort();
    const left = [...working.values()];
    // A step that cannot be settled waits for the database, as long as that is away; then only the lease gives it back.
    await atMost(stop_within_ms, Promise.all(left.map(({ done }) => done)));
    for (const { tenant_id, run } of left.filter((one) => !working.has(one.run.run_id)))
      await govern.db.tenant(tenant_id, (tx) => releaseLease(tx, run)).catch(failing);
  };
  return { wake: () => claiming.now(), stop };
}

/** Waits for this, but no longer. */
async function atMost(ms: number, done: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([done, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}

/** Again and again, and at once when asked to, never two at the same time; stopping waits for the one that is running. */
function every(ms: number, work: () => Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | null = null;
  let is_wanted = false;
  let is_stopped = false;
  const run = () => {
    clearTimeout(timer);
    is_wanted = false;
    running = work().finally(() => {
      running = null;
      if (!is_stopped) timer = setTimeout(run, is_wanted ? 0 : ms);
    });
  };
  timer = setTimeout(run, ms);
  return {
    now: () => {
      is_wanted = true;
      if (running === null && !is_stopped) run();
    },
    stop: async () => {
      is_stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
