import { setTimeout as pause } from 'node:timers/promises';
import type { Sql } from './installation.ts';

/** A run that went from a dead process to a living one, and how long after the death. */
export interface Takeover {
  run_id: string;
  after_ms: number;
}

/** Looks again and again who has which run. */
export interface ClaimWatch {
  /** The longest that a look took: what the machine and the database add to whatever is timed here. */
  slowest_look_ms(): number;
  /** This process, by the id it has in the database, is dead since `at_ms` of `performance.now()`. */
  died(instance_id: string, at_ms: number): void;
  stop(): Promise<Takeover[]>;
}

export function watchClaims(sql: Sql, every_ms = 25): ClaimWatch {
  const deaths = new Map<string, number>();
  const owners = new Map<string, { owner: string; epoch: number }>();
  const takeovers: Takeover[] = [];
  let is_stopped = false;
  let slowest_ms = 0;
  const look = async () => {
    const begun_ms = performance.now();
    const rows = await sql<{ run_id: string; lease_owner: string; lease_epoch: number }>(
      'select run_id, lease_owner, lease_epoch from managed_runs where lease_owner is not null',
    );
    const now_ms = performance.now();
    slowest_ms = Math.max(slowest_ms, now_ms - begun_ms);
    for (const { run_id, lease_owner, lease_epoch } of rows) {
      const before = owners.get(run_id);
      const died_ms = before && deaths.get(before.owner);
      if (before && before.epoch < lease_epoch && died_ms !== undefined)
        takeovers.push({ run_id, after_ms: now_ms - died_ms });
      owners.set(run_id, { owner: lease_owner, epoch: lease_epoch });
    }
  };
  const looking = (async () => {
    while (!is_stopped) {
      await look();
      await pause(every_ms);
    }
  })();
  return {
    slowest_look_ms: () => slowest_ms,
    died: (instance_id, at_ms) => deaths.set(instance_id, at_ms),
    stop: async () => {
      is_stopped = true;
      await looking;
      return takeovers;
    },
  };
}
