import { instantOf } from '@aos/core/base/id.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { idOfPacked, unpacked } from '../store/packed-rows.ts';
import { type PausedTime, pausesBetween } from '../store/pauses.ts';
import {
  id_margin_ms,
  managedRuns,
  namesOfTenant,
  type RecordedScope,
  recordedCalls,
  recordedSteps,
  refusedCalls,
} from '../store/recorded-calls.ts';
import { inSlices } from './in-slices.ts';
import { RowReader } from './preview-row.ts';

/** What is read of the past of a tenant. */
export interface Past extends RecordedScope {
  /** Steps that ask no model are counted by some limit. */
  with_steps: boolean;
  /** Calls that this policy refused are tried again. */
  refused_by: string | null;
}

/** Rows of one statement; large enough that the way there and back does not count. */
const chunk = 16_000;

/** Rows of one kind, chunk after chunk; the next one is read while the last one is worked on. */
class Source {
  readonly #read: (after: string | null) => Promise<string[]>;
  #next: Promise<string[]>;
  /** Every row of an earlier instant has been taken. */
  known_until_ms = Number.NEGATIVE_INFINITY;

  constructor(read: (after: string | null) => Promise<string[]>) {
    this.#read = read;
    this.#next = read(null);
  }

  async take(): Promise<string[]> {
    const rows = await this.#next;
    const last = rows.at(-1);
    if (last && rows.length === chunk) {
      const id = idOfPacked(last);
      this.known_until_ms = instantOf(id) - id_margin_ms;
      this.#next = this.#read(id);
      // Whoever asks for it hears of its failure; nobody may ask any more.
      this.#next.catch(() => undefined);
    } else this.known_until_ms = Number.POSITIVE_INFINITY;
    return rows;
  }
}

/** Recorded calls in the order of their admission, in pieces, and how many came too late for their place. */
export async function* pastCalls(
  deps: Pick<Deps, 'db' | 'clock'>,
  tenant_id: string,
  past: Past,
): AsyncGenerator<{ calls: RecordedCall[]; misplaced: number }> {
  const reading = <T>(work: (tx: Tx) => Promise<T>) => deps.db.tenant(tenant_id, work);
  const { refused_by } = past;
  const [names, managed, paused] = await Promise.all([
    reading(namesOfTenant),
    reading((tx) => managedRuns(tx, past)),
    past.with_steps ? reading((tx) => pausesBetween(tx, past.from_ms, past.to_ms)) : new Map<string, PausedTime[]>(),
  ]);
  const sources = [
    new Source((after) => reading((tx) => recordedCalls(tx, past, after, chunk))),
    ...(past.with_steps ? [new Source((after) => reading((tx) => recordedSteps(tx, past, after, chunk)))] : []),
    ...(refused_by === null
      ? []
      : [new Source((after) => reading((tx) => refusedCalls(tx, past, after, chunk, refused_by)))]),
  ];
  const reader = new RowReader({ tenant_id, names, managed, paused });
  let waiting: RecordedCall[] = [];
  let done_ms = Number.NEGATIVE_INFINITY;
  while (done_ms < Number.POSITIVE_INFINITY) {
    const latest = sources.reduce((least, of) => (of.known_until_ms < least.known_until_ms ? of : least));
    let misplaced = 0;
    await inSlices(deps, await latest.take(), (row) => {
      const call = reader.callOf(unpacked(row));
      if (call.admitted_at_ms < done_ms) misplaced += 1;
      else waiting.push(call);
    });
    done_ms = Math.min(...sources.map((of) => of.known_until_ms));
    // Nearly in order already, and what is equal stays as it came.
    waiting.sort((a, b) => a.admitted_at_ms - b.admitted_at_ms);
    const known = placeOf(waiting, done_ms);
    const calls = waiting.slice(0, known);
    waiting = waiting.slice(known);
    yield { calls, misplaced };
  }
}

/** How many of the calls were admitted before an instant. */
function placeOf(calls: readonly RecordedCall[], before_ms: number): number {
  const at = calls.findIndex(({ admitted_at_ms }) => admitted_at_ms >= before_ms);
  return at < 0 ? calls.length : at;
}
