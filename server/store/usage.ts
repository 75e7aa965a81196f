import { present } from '@aos/core/base/assert.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Bucket } from '@aos/core/policies/free-room.ts';
import type { BalanceKey, Seen } from '@aos/core/policies/reserve.ts';
import type { Tx } from '../base/database.ts';
import { type BookLine, inLockOrder, nameOf, type Posting, seenOf } from './balance.ts';
import { no_places, placesOf } from './run-places.ts';

/**
 * The balances of lines as they stand now, in their order; nothing is locked and nothing taken. Where runs are counted,
 * without `without_run`, as an admission of its call would see them.
 */
export async function balancesNow(
  tx: Tx,
  lines: readonly Pick<BookLine, 'key' | 'counts_runs'>[],
  without_run: string | null = null,
): Promise<Seen[]> {
  if (lines.length === 0) return [];
  const own =
    without_run !== null && lines.some((line) => line.counts_runs) ? await placesOf(tx, without_run) : no_places;
  const rows = await tx.query<{ posted: string; pending: string }>(
    `select coalesce(sum(b.posted), 0)::text as posted, coalesce(sum(b.pending), 0)::text as pending
       from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
              with ordinality k(control_id, subject, window_start, since, n)
       left join balances b on b.tenant_id = current_tenant() and b.control_id = k.control_id and b.subject = k.subject
              and (b.window_start = k.window_start or b.window_start > k.since)
      group by k.n order by k.n`,
    [
      lines.map(({ key }) => key.control_id),
      lines.map(({ key }) => key.subject),
      lines.map(({ key }) => instantText(key.window_start_ms)),
      lines.map(({ key }) => (key.since_ms === null ? null : instantText(key.since_ms))),
    ],
  );
  return rows.map(({ posted, pending }, n) => {
    const { key, counts_runs } = present(lines[n], 'a line');
    const has_place = counts_runs === true && own.has(`${key.control_id} ${key.subject}`);
    return seenOf(BigInt(posted), BigInt(pending) - (has_place ? 1n : 0n), has_place);
  });
}

/** The buckets of a rolling window that count at present, oldest first. */
export async function bucketsOf(
  tx: Tx,
  { control_id, subject, since_ms }: Omit<BalanceKey, 'window_start_ms'>,
): Promise<Bucket[]> {
  const rows = await tx.query<{ start_ms: string; amount: string }>(
    `select (extract(epoch from window_start) * 1000)::bigint::text as start_ms, (posted + pending)::text as amount
       from balances where tenant_id = current_tenant() and control_id = $1 and subject = $2 and window_start > $3
      order by window_start`,
    [control_id, subject, since_ms === null ? null : instantText(since_ms)],
  );
  return rows.map(({ start_ms, amount }) => ({ start_ms: Number(start_ms), amount: BigInt(amount) }));
}

/** How an open hold ends: with what was really used of each of its lines. */
export interface HoldEnd {
  id: string;
  postings: readonly Posting[];
}

/**
 * Deletes open holds and answers which of them were still open: each hold is ended by exactly one caller, who must post
 * its lines in the same transaction.
 */
export async function endHolds(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>(
    'delete from holds where tenant_id = current_tenant() and id = any ($1) returning id',
    [ids],
    'end_holds',
  );
  return new Set(rows.map((row) => row.id));
}

/** SQLSTATE of `endAllHolds` when somebody else ended one of them. */
export const not_all_ended = 'AOS01';

/** Deletes open holds, all or none: fails with `not_all_ended`, and the transaction with it, when one was gone. */
export async function endAllHolds(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query('select end_holds($1)', [ids], 'end_all_holds');
}

/** Enters the tenant's gate, for a transaction that admits calls after it did something else. */
export async function enterGate(tx: Tx): Promise<void> {
  await tx.query('select enter_gate()', [], 'enter_gate');
}

/**
 * Posts the lines of ended holds, each balance once and locked in the one order. The last statement before the commit:
 * a hot balance is locked no longer than that takes.
 */
export async function postBalances(tx: Tx, postings: readonly Posting[]): Promise<void> {
  if (postings.length === 0) return;
  const sums = sumPerBalance(postings);
  await tx.query(
    'select post_balances($1, $2, $3, $4, $5)',
    [
      sums.map((sum) => sum.control_id),
      sums.map((sum) => sum.subject),
      sums.map((sum) => sum.window_start),
      sums.map((sum) => sum.held),
      sums.map((sum) => sum.actual),
    ],
    'post_balances',
  );
}

function sumPerBalance(postings: readonly Posting[]): Posting[] {
  const sums = new Map<string, Posting>();
  for (const posting of postings) {
    const name = nameOf(posting);
    const sum = sums.get(name);
    if (sum) {
      sum.held += posting.held;
      sum.actual += posting.actual;
    } else {
      const { control_id, subject, window_start, held, actual } = posting;
      sums.set(name, { control_id, subject, window_start, held, actual });
    }
  }
  return [...sums.values()].sort(inLockOrder);
}

/**
 * Ends holds by the lines their rows keep, and answers which of them were there. `actualOf` says what each line posts;
 * nothing, where nothing was sent.
 */
export async function releaseHolds(
  tx: Tx,
  ids: readonly string[],
  actualOf: (held: bigint, line: number) => bigint = () => 0n,
): Promise<Set<string>> {
  const holds = await tx.query<StoredLines & { id: string }>(
    `delete from holds where tenant_id = current_tenant() and id = any ($1)
      returning id, control_ids, subjects, window_starts, amounts`,
    [ids],
  );
  await postBalances(
    tx,
    holds.flatMap((hold) => postingsOf(hold, actualOf)),
  );
  return new Set(holds.map((hold) => hold.id));
}

/** The lines of a hold as its row keeps them. */
export interface StoredLines {
  control_ids: string[];
  subjects: string[];
  window_starts: string[];
  amounts: string[];
}

export function postingsOf(hold: StoredLines, actualOf: (held: bigint, line: number) => bigint): Posting[] {
  return hold.control_ids.map((control_id, n) => {
    const held = BigInt(present(hold.amounts[n], 'the amount of a line'));
    const subject = present(hold.subjects[n], 'the subject of a line');
    const window_start = present(hold.window_starts[n], 'the window of a line');
    return { control_id, subject, window_start, held, actual: actualOf(held, n) };
  });
}

/** What a record of a call needs when its process died before it could write one. */
export interface HeldCall {
  /** Absent: a call of a model. */
  kind?: 'step';
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  provider: string;
  model: string;
  wire: string;
  streamed: boolean;
  price_id: string | null;
  price_version: string | null;
  policy_snapshot_id: string;
  /** Absent: a caller's own call, not one of a run that is carried out here. */
  source?: 'managed' | undefined;
  /** Absent: real. */
  synthetic_scenario_id?: string | undefined;
  tags: Record<string, string>;
  parent_step_id?: string | null;
  prompt_hash: string;
  estimate: Json;
  /** Output tokens granted: what was wanted, unless the books granted less. */
  output_bound: number;
  /** The limit type of each line, in their order. */
  line_types: string[];
}

export interface DeadHold extends StoredLines {
  id: string;
  run_id: string;
  call: HeldCall;
  admitted_at: string;
  dispatched_at: string | null;
}

/** The process that owns a hold `h` has beaten within the seconds of this parameter. */
const ownerLives = (seconds: string): string =>
  `exists (select from instances i where i.id = h.instance_id
      and i.heartbeat_at > clock_timestamp() - make_interval(secs => ${seconds}))`;

/** Holds whose owner has not beaten for `dead_after_s` are suspect; those of an owner that beats again are its own again. */
export async function markDeadHolds(tx: Tx, dead_after_s: number): Promise<void> {
  await Promise.all([
    tx.query(
      `update holds h set state = 'suspect', suspect_at = clock_timestamp() where state = 'held' and not ${ownerLives('$1')}`,
      [dead_after_s],
    ),
    tx.query(`update holds h set state = 'held', suspect_at = null where state = 'suspect' and ${ownerLives('$1')}`, [
      dead_after_s,
    ]),
  ]);
}

/** Marks a hold of a call that its own process has lost: from then on nobody owns it. */
export async function suspectHold(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update holds set state = 'suspect', suspect_at = clock_timestamp(), instance_id = 'nobody'
      where tenant_id = current_tenant() and id = $1`,
    [id],
  );
}

/** Calls of models in these runs that are held and not settled yet. */
export async function heldCallsOf(tx: Tx, run_ids: readonly string[]): Promise<HeldCall[]> {
  const rows = await tx.query<{ call: HeldCall }>(
    `select call from holds where tenant_id = current_tenant() and run_id = any ($1) and call ->> 'kind' is null`,
    [run_ids],
  );
  return rows.map(({ call }) => call);
}

/**
 * Suspect holds that are due: those never dispatched at once, the others after `suspect_s`. None whose owner beats: it
 * may have begun to since they were marked, and knows what its calls used.
 */
export function dueHolds(tx: Tx, of: { suspect_s: number; dead_after_s: number; limit: number }): Promise<DeadHold[]> {
  return tx.query<DeadHold>(
    `select id, run_id, control_ids, subjects, window_starts, amounts, call, admitted_at, dispatched_at from holds h
      where state = 'suspect' and (dispatched_at is null or suspect_at < clock_timestamp() - make_interval(secs => $1))
        and not ${ownerLives('$3')}
      order by id limit $2`,
    [of.suspect_s, of.limit, of.dead_after_s],
  );
}
