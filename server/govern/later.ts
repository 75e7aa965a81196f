import { present } from '@aos/core/base/assert.ts';
import type { Database, Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { releaseHolds, suspectHold } from '../store/usage.ts';
import { writeOutcomeOrLeast } from './least.ts';
import type { Outcome } from './settle.ts';

/** What could not be written while the database was away, kept until it can; this process still owns the holds. */
export interface Later {
  /** An admission whose answer never came: if its hold exists, nothing was sent for it. */
  release(tenant_id: string, id: string): void;
  /** A call that went out and was lost here: its hold counts in full until it is settled as those of the dead are. */
  suspect(tenant_id: string, id: string): void;
  /** Resolves when it is written. */
  settle(tenant_id: string, outcome: Outcome): Promise<void>;
  /** Anything else, tried until it succeeds: it must be safe to repeat. */
  write(tenant_id: string, work: (tx: Tx) => Promise<void>): void;
  /** Tries everything once; what fails again stays. */
  retry(): Promise<void>;
  size(): number;
  /** Whether something is to be written about this hold. */
  has(hold_id: string): boolean;
}

const kept = new WeakMap<Database, Later>();

/** Where those who hold something outside of a governed call find what this process writes later. */
export const laterOf = ({ db }: Pick<Deps, 'db'>): Later => present(kept.get(db), 'what is written later');

export function openLater(deps: Deps): Later {
  const later = createLater(deps);
  kept.set(deps.db, later);
  return later;
}

/** A transaction whose answer never came may still wait in the database; its statements are ended there before this. */
const unsure_ms = 30_000;

/** Holds released in one transaction. */
const batch_max = 1_000;

export function createLater(deps: Deps): Later {
  const outcomes = new Set<{ tenant_id: string; outcome: Outcome; written: () => void }>();
  /** Ids of holds that may come to exist, with the instant from which on they cannot, for each tenant. */
  const unsure = new Map<string, Map<string, number>>();
  const lost = new Set<{ tenant_id: string; id: string }>();
  const works = new Set<{ tenant_id: string; work: (tx: Tx) => Promise<void> }>();
  const failed = (error: Error) => deps.log.warn({ error: error.message }, 'what waits for the database waits on');

  async function releaseOf(tenant_id: string, holds: Map<string, number>): Promise<void> {
    const ids = [...holds.keys()].slice(0, batch_max);
    const asked_ms = deps.clock.monotonic();
    const released = await deps.db.tenant(tenant_id, (tx) => releaseHolds(tx, ids));
    for (const id of ids) if (released.has(id) || (holds.get(id) ?? 0) < asked_ms) holds.delete(id);
    if (holds.size === 0) unsure.delete(tenant_id);
  }

  return {
    release: (tenant_id, id) => {
      const holds = unsure.get(tenant_id) ?? new Map<string, number>();
      unsure.set(tenant_id, holds.set(id, deps.clock.monotonic() + unsure_ms));
    },
    suspect: (tenant_id, id) => void lost.add({ tenant_id, id }),
    settle: (tenant_id, outcome) =>
      new Promise((written) => {
        outcomes.add({ tenant_id, outcome, written });
      }),
    write: (tenant_id, work) => void works.add({ tenant_id, work }),
    size: () => outcomes.size + unsure.size + lost.size + works.size,
    has: (hold_id) =>
      [...outcomes].some(({ outcome }) => outcome.hold?.id === hold_id) ||
      [...lost].some(({ id }) => id === hold_id) ||
      [...unsure.values()].some((holds) => holds.has(hold_id)),
    async retry() {
      for (const waiting of [...outcomes]) {
        const written = writeOutcomeOrLeast(deps, waiting.tenant_id, waiting.outcome);
        await written.then(() => {
          outcomes.delete(waiting);
          waiting.written();
        }, failed);
      }
      for (const each of [...lost]) {
        const marked = deps.db.tenant(each.tenant_id, (tx) => suspectHold(tx, each.id));
        await marked.then(() => lost.delete(each), failed);
      }
      for (const each of [...works])
        await deps.db.tenant(each.tenant_id, each.work).then(() => works.delete(each), failed);
      for (const [tenant_id, holds] of [...unsure]) await releaseOf(tenant_id, holds).catch(failed);
    },
  };
}
