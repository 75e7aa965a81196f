import { present } from '@aos/core/base/assert.ts';
import { cameTooLate } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import type { Admission } from '../store/admission.ts';
import { endAllHolds, enterGate } from '../store/usage.ts';
import { type AtGate, admitAlone, admitCalls, openCalls } from './admit.ts';
import { createBatcher } from './batch.ts';
import type { Later } from './later.ts';
import { patiently } from './patience.ts';
import { heldBy, type Outcome, postingsOf, tell, writeAgain, writeAll, writeAlone } from './settle.ts';
import { takingBack } from './taking-back.ts';

/** The one way to the books of a tenant: calls are admitted and settled in batches, both in one transaction. */
export interface Books {
  admit(tenant_id: string, call: AtGate): Promise<Admission>;
  /** Whether this caller settled the call; false: its hold had been ended already. Waits while the database is away. */
  settle(tenant_id: string, outcome: Outcome): Promise<boolean>;
  /** Resolves when nothing waits or runs any more. */
  idle(): Promise<void>;
}

type Entry = { admit: AtGate } | { settle: Outcome };
type Written = Admission | boolean;

/** Most calls of one transaction: beyond it, the wait for the batch outweighs the shared commit. */
const batch_max = 192;

export function createBooks(deps: Deps, later: Later): Books {
  // Who only looks leaves nothing behind: not even an empty balance where nobody has counted yet.
  const looking: Deps = { ...deps, db: takingBack(deps.db) };
  const looks = createBatcher<AtGate, Admission>({
    max: batch_max,
    lanes: 1,
    spoils: cameTooLate,
    run: (tenant_id, calls) => admitAlone(looking, later, tenant_id, calls),
  });
  const batcher = createBatcher<Entry, Written>({
    max: batch_max,
    lanes: 1,
    spoils: cameTooLate,
    run: (tenant_id, entries) => writeBatch(deps, later, tenant_id, entries),
  });
  return {
    admit: (tenant_id, admit) =>
      admit.ask.take ? (batcher.add(tenant_id, { admit }) as Promise<Admission>) : looks.add(tenant_id, admit),
    settle: (tenant_id, settle) =>
      // Tried again apart from the batches: other calls do not wait until the database is well.
      (batcher.add(tenant_id, { settle }) as Promise<boolean>).catch(() =>
        patiently(() => writeAgain(deps, tenant_id, settle)),
      ),
    idle: async () => {
      await Promise.all([looks.idle(), batcher.idle()]);
    },
  };
}

async function writeBatch(
  deps: Deps,
  later: Later,
  tenant_id: string,
  entries: Entry[],
): Promise<PromiseSettledResult<Written>[]> {
  const stop = deps.metrics.books_seconds.startTimer();
  const calls = entries.flatMap((entry) => ('admit' in entry ? entry.admit : []));
  const outcomes = entries.flatMap((entry) => ('settle' in entry ? entry.settle : []));
  deps.metrics.batch_size.observe({ kind: 'admission' }, calls.length);
  deps.metrics.batch_size.observe({ kind: 'settle' }, outcomes.length);
  const [admissions, settled] =
    (await writeTogether(deps, later, tenant_id, calls, outcomes)) ??
    (await Promise.all([admitAlone(deps, later, tenant_id, calls), writeAlone(deps, tenant_id, outcomes)]));
  stop();
  let admission = 0;
  let settlement = 0;
  return entries.map((entry) =>
    present('admit' in entry ? admissions[admission++] : settled[settlement++], 'what became of an entry'),
  );
}

type Together = [PromiseSettledResult<Admission>[], PromiseSettledResult<boolean>[]];

const done = <T>(value: T): PromiseSettledResult<T> => ({ status: 'fulfilled', value });
const failed = (reason: unknown): PromiseRejectedResult => ({ status: 'rejected', reason });

/**
 * One flight, one commit, for calls that end and calls that begin: what ended makes room for what begins. Everybody
 * locks in one order, that of ARCHITECTURE.md: gate, holds, runs, balances. Null: nothing of it took effect, and each
 * part is to be written by itself, because one of the calls stood in the way of the others.
 */
async function writeTogether(
  deps: Deps,
  later: Later,
  tenant_id: string,
  calls: AtGate[],
  outcomes: Outcome[],
): Promise<Together | null> {
  const control_epoch = calls[0]?.control_epoch;
  if (control_epoch === undefined || outcomes.length === 0) return null;
  if (calls.some((call) => call.control_epoch !== control_epoch)) return null;
  try {
    const admissions = await deps.db.tenantFlight(tenant_id, async (tx) => {
      const [, , , , admitted] = await Promise.all([
        enterGate(tx),
        endAllHolds(tx, heldBy(outcomes)),
        openCalls(tx, calls),
        writeAll(deps, tx, tenant_id, outcomes),
        admitCalls(deps, tx, control_epoch, calls, postingsOf(outcomes)),
      ]);
      return admitted;
    });
    tell(deps, tenant_id, outcomes);
    return [admissions.map(done), outcomes.map(() => done(true))];
  } catch (error) {
    if (wasRefused(error)) return null;
    // Nobody knows what took effect: callers are told at once, and no hold of theirs stays.
    for (const { ask } of calls) if (ask.take) later.release(tenant_id, ask.id);
    return [calls.map(() => failed(error)), outcomes.map(() => failed(error))];
  }
}

/** The database itself said no to a statement: the transaction was certainly rolled back, and its parts may be tried apart. */
const wasRefused = (error: unknown): boolean =>
  !cameTooLate(error) && /^[0-9A-Z]{5}$/.test((error as { code?: string }).code ?? '');
