import type { Deps } from '../base/deps.ts';
import { settleHold } from '../store/usage.ts';
import { type Outcome, writeOutcomes } from './settle.ts';

/** What could not be written while the database was away, kept until it can; this process still owns the holds. */
export interface Later {
  /** An admission whose answer never came: if its hold exists, nothing was sent for it. */
  release(tenant_id: string, id: string): void;
  settle(tenant_id: string, outcome: Outcome): void;
  /** Tries everything once; what fails again stays. */
  retry(): Promise<void>;
  size(): number;
}

type Task = () => Promise<unknown>;

export function createLater(deps: Deps): Later {
  const tasks = new Set<Task>();
  return {
    release: (tenant_id, id) => {
      tasks.add(() => deps.db.tenant(tenant_id, (tx) => settleHold(tx, id, () => 0n)));
    },
    settle: (tenant_id, outcome) => {
      tasks.add(() => writeOutcomes(deps, tenant_id, [outcome]));
    },
    size: () => tasks.size,
    async retry() {
      for (const task of [...tasks]) {
        await task().then(
          () => tasks.delete(task),
          (error: Error) =>
            deps.log.warn({ error: error.message, waiting: tasks.size }, 'what waits for the database waits on'),
        );
      }
    },
  };
}
