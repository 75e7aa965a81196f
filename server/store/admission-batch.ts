import { instantText } from '@aos/core/base/time.ts';
import { amountOf, type BalanceKey } from '@aos/core/policies/reserve.ts';
import { arrayText } from './array-text.ts';
import { type BalanceRow, type BookLine, inLockOrder, nameOf, type Posting } from './balance.ts';
import { jsonText } from './json-text.ts';

export interface AdmissionAsk {
  /** Becomes the id of the hold. */
  id: string;
  run_id: string;
  /** The run was there before: the call is refused when it has ended. */
  run_must_exist: boolean;
  /** False: look at the books, take nothing. */
  take: boolean;
  output_tokens: { wanted: number; floor: number };
  lines: readonly BookLine[];
  /** Kept with the hold: what the record of the call needs when this process dies; see `HeldCall`. */
  call: object;
}

/** One balance of a batch, with all that the batch does to it. */
interface BatchBalance extends BalanceRow {
  /** Rolling windows: the instant after which other buckets count. */
  since: string | null;
  /** From 1, in the order in which everybody locks them. */
  position: number;
  actual: bigint;
  released: bigint;
  /** The least cap that a line enforces. */
  cap: bigint | null;
  /** What all lines ask of it together, each call with the output it wants. */
  most: bigint;
}

interface BatchLine {
  /** From 1. */
  call: number;
  of: BookLine;
  balance: BatchBalance;
  /** What it asks with the output its call wants. */
  amount: bigint;
}

export interface AdmissionBatch {
  balances: BatchBalance[];
  lines: BatchLine[];
  /** One text for each call, as one text. */
  calls: { call: string; controls: string; subjects: string; starts: string; amounts: string };
  /** False: the calls have to be looked at one by one. */
  may_fit: boolean;
}

/** The start of the row that only serves as the lock of a rolling window, whose buckets come and go. */
const lock_start = '-infinity';

/** Stands between texts that hold arrays and JSON, in which it is escaped or cannot be. */
const between = '\x1f';

/** Half of what the database can count: with what a balance holds already, more may be too much to add up. */
const most_at_once = 2n ** 62n;

/** What a batch of calls, and the endings before it, ask of the books: every balance once. */
export function admissionBatch(asks: readonly AdmissionAsk[], postings: readonly Posting[]): AdmissionBatch {
  const found = new Map<string, BatchBalance>();
  const lines: BatchLine[] = [];
  let may_fit = true;
  for (const [n, ask] of asks.entries()) {
    const { wanted, floor } = ask.output_tokens;
    if (!ask.take || wanted < floor) may_fit = false;
    for (const of of ask.lines) {
      const balance = balanceOf(found, of.key);
      const amount = amountOf(of, wanted);
      lines.push({ call: n + 1, of, balance, amount });
      balance.most += amount;
      if (of.cap !== null && (balance.cap === null || of.cap < balance.cap)) balance.cap = of.cap;
      if (of.counts_runs) may_fit = false;
    }
  }
  for (const posting of postings) {
    const balance = placeOf(found, posting.control_id, posting.subject, posting.window_start);
    balance.actual += posting.actual;
    balance.released += posting.held;
  }
  const balances = [...found.values()].sort(inLockOrder);
  const rolling = new Set<string>();
  for (const [n, balance] of balances.entries()) {
    balance.position = n + 1;
    const window = `${balance.control_id} ${balance.subject}`;
    // A later bucket of a rolling window, which is written after the earlier one has been looked at with all the others.
    if (rolling.has(window)) may_fit = false;
    if (balance.since !== null) rolling.add(window);
    // Where nothing is asked of a cap it is still looked at: it may be overrun.
    if (balance.most > most_at_once || (balance.cap !== null && balance.most === 0n)) may_fit = false;
  }
  return { balances, lines, calls: holdTexts(asks, lines), may_fit };
}

function balanceOf(found: Map<string, BatchBalance>, key: BalanceKey): BatchBalance {
  const { control_id, subject, window_start_ms, since_ms } = key;
  const balance = placeOf(found, control_id, subject, instantText(window_start_ms));
  if (since_ms === null) return balance;
  const since = instantText(since_ms);
  if (balance.since === null || since < balance.since) balance.since = since;
  placeOf(found, control_id, subject, lock_start);
  return balance;
}

function placeOf(
  found: Map<string, BatchBalance>,
  control_id: string,
  subject: string,
  window_start: string,
): BatchBalance {
  const name = nameOf({ control_id, subject, window_start });
  const known = found.get(name);
  if (known) return known;
  const balance: BatchBalance = {
    control_id,
    subject,
    window_start,
    since: null,
    position: 0,
    actual: 0n,
    released: 0n,
    cap: null,
    most: 0n,
  };
  found.set(name, balance);
  return balance;
}

/** The holds of the calls as they are when each gets the output it wants. */
function holdTexts(asks: readonly AdmissionAsk[], lines: readonly BatchLine[]): AdmissionBatch['calls'] {
  const texts = { call: '', controls: '', subjects: '', starts: '', amounts: '' };
  let from = 0;
  for (const [n, ask] of asks.entries()) {
    const own = lines.slice(from, from + ask.lines.length);
    from += own.length;
    const separator = n === 0 ? '' : between;
    texts.call += separator + jsonText(ask.call);
    texts.controls += separator + arrayText(own.map(({ balance }) => balance.control_id));
    texts.subjects += separator + arrayText(own.map(({ balance }) => balance.subject));
    texts.starts += separator + arrayText(own.map(({ balance }) => balance.window_start));
    texts.amounts += separator + arrayText(own.map(({ amount }) => amount));
  }
  return texts;
}
