import { amountOf, type Line, type Seen } from './reserve.ts';

/** A stretch of a rolling window. */
interface Bucket extends Seen {
  start_ms: number;
  /** It is still part of its balance. */
  counts: boolean;
}

/** A balance in memory, as the books keep it in the database. A new window is a new balance: nothing is reset. */
export interface KeptBalance extends Seen {
  window_start_ms: number;
  /** Rolling windows: their buckets that count, oldest first; `posted` and `pending` are their sum. */
  buckets: Bucket[];
}

/** What a call holds of one balance. */
export interface KeptHold {
  line: Line;
  balance: KeptBalance;
  bucket: Bucket | null;
  held: bigint;
}

/**
 * The books of a replay: the same amounts as those in the database, for calls that come in time order. Balances begin at
 * zero. Of each subject only the present window is kept; a hold of an earlier one knows its own.
 */
export class ReplayBooks {
  readonly #balances = new Map<string, Map<string, KeptBalance>>();

  /** The balance of a line at its instant, moved on to its window. */
  at({ key }: Line): KeptBalance {
    const { control_id, subject, window_start_ms, since_ms } = key;
    let of_control = this.#balances.get(control_id);
    if (!of_control) {
      of_control = new Map();
      this.#balances.set(control_id, of_control);
    }
    let balance = of_control.get(subject);
    if (!balance || (since_ms === null && balance.window_start_ms !== window_start_ms)) {
      balance = { window_start_ms, posted: 0n, pending: 0n, buckets: [] };
      of_control.set(subject, balance);
    }
    if (since_ms !== null) moveOn(balance, since_ms);
    return balance;
  }

  /** Takes what a line asks for this output bound. */
  hold(line: Line, balance: KeptBalance, output_bound: number): KeptHold {
    const held = amountOf(line, output_bound);
    const bucket = line.key.since_ms === null ? null : bucketOf(balance, line.key.window_start_ms);
    balance.pending += held;
    if (bucket) bucket.pending += held;
    return { line, balance, bucket, held };
  }

  /** Ends a hold: what was held leaves pending, what was really used is posted, in the window of the admission. */
  settle({ balance, bucket, held }: KeptHold, actual: bigint): void {
    if (bucket) {
      bucket.pending -= held;
      bucket.posted += actual;
      if (!bucket.counts) return;
    }
    balance.pending -= held;
    balance.posted += actual;
  }
}

/** Leaves out the buckets that no longer count. */
function moveOn(balance: KeptBalance, since_ms: number): void {
  const { buckets } = balance;
  let gone = 0;
  for (const bucket of buckets) {
    if (bucket.start_ms > since_ms) break;
    balance.posted -= bucket.posted;
    balance.pending -= bucket.pending;
    bucket.counts = false;
    gone++;
  }
  if (gone > 0) buckets.splice(0, gone);
}

function bucketOf({ buckets }: KeptBalance, start_ms: number): Bucket {
  const last = buckets.at(-1);
  if (last?.start_ms === start_ms) return last;
  const bucket = { start_ms, posted: 0n, pending: 0n, counts: true };
  buckets.push(bucket);
  return bucket;
}
