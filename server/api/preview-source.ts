import { instantOf } from '@aos/core/base/id.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type PackedRows, place } from '../store/packed-rows.ts';
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
  readonly #read: (after: string | null) => Promise<PackedRows>;
  #next: Promise<PackedRows>;
  /** Every row of an earlier instant has been taken. */
  known_until_ms = Number.NEGATIVE_INFINITY;

  constructor(read: (after: string | null) => Promise<PackedRows>) {
    this.#read = read;
    this.#next = read(null);
  }

  async take(): Promise<PackedRows> {
    const rows = await this.#next;
    if (rows.length === chunk) {
      rows.lookAt(rows.length - 1);
      const id = rows.text(place.id);
      this.known_until_ms = instantOf(id) - id_margin_ms;
      this.#next = this.#read(id);
      // Whoever asks for it hears of its failure; nobody may ask any more.
      this.#next.catch(() => undefined);
    } else this.known_until_ms = Number.POSITIVE_INFINITY;
    return rows;
  }
}

/** A row that waits for its turn. */
interface Waiting {
  at_ms: number;
  rows: PackedRows;
  nth: number;
}

/** Recorded calls in the order of their admission. */
export interface PieceOfPast {
  length: number;
  /** Each is made when it is asked for, and can be forgotten then. */
  calls: Iterable<RecordedCall>;
  /** How many more came too late for their place. */
  misplaced: number;
}

/** Recorded calls in the order of their admission, in pieces. */
export async function* pastCalls({ db }: Pick<Deps, 'db'>, tenant_id: string, past: Past): AsyncGenerator<PieceOfPast> {
  const reading = <T>(work: (tx: Tx) => Promise<T>) => db.tenant(tenant_id, work);
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
  let waiting: Waiting[] = [];
  let done_ms = Number.NEGATIVE_INFINITY;
  while (done_ms < Number.POSITIVE_INFINITY) {
    const latest = sources.reduce((least, of) => (of.known_until_ms < least.known_until_ms ? of : least));
    const rows = await latest.take();
    const kept = waiting.length;
    for (let nth = 0; nth < rows.length; nth++) {
      const at_ms = rows.admittedMs(nth);
      if (at_ms >= done_ms) waiting.push({ at_ms, rows, nth });
    }
    const misplaced = rows.length - (waiting.length - kept);
    done_ms = Math.min(...sources.map((of) => of.known_until_ms));
    // Nearly in order already, and what is equal stays as it came.
    waiting.sort((a, b) => a.at_ms - b.at_ms);
    const known = placeOf(waiting, done_ms);
    const calls = callsOf(reader, waiting.slice(0, known));
    waiting = waiting.slice(known);
    yield { length: known, calls, misplaced };
  }
}

function* callsOf(reader: RowReader, waiting: readonly Waiting[]): Generator<RecordedCall> {
  for (const { rows, nth } of waiting) yield reader.callOf(rows, nth);
}

/** How many of the rows were admitted before an instant. */
function placeOf(waiting: readonly Waiting[], before_ms: number): number {
  const at = waiting.findIndex(({ at_ms }) => at_ms >= before_ms);
  return at < 0 ? waiting.length : at;
}
