import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Seen } from '@aos/core/policies/reserve.ts';
import type { Tx } from '../base/database.ts';
import { type AdmissionAsk, type AdmissionBatch, admissionBatch } from './admission-batch.ts';
import { type Posting, seenOf } from './balance.ts';

export interface Admission {
  outcome: 'admitted' | 'refused' | 'peeked' | 'stale' | 'run_closed';
  /** Output tokens granted; null when the books refused. */
  output_bound: number | null;
  /** The balances of the lines, in their order, as they stood before the call. */
  seen: Seen[];
}

/** The parameters of `admit_batch`, with what is no array of its own type as one text. */
const admit_batch = `select * from admit_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
  string_to_array($18, chr(31)), string_to_array($19, chr(31)), string_to_array($20, chr(31)), string_to_array($21, chr(31)),
  string_to_array($22, chr(31)), $23, $24, $25, $26, $27, $28, $29)`;

/**
 * Posts what ended calls have used, then takes all holds of each call or none, as if each came alone; in one statement
 * for the whole batch, which is in migrations/0055_admit_at_once.sql with its fixed order of locks.
 */
export async function admit(
  tx: Tx,
  batch: {
    control_epoch: string;
    instance_id: string;
    at_ms: number;
    asks: readonly AdmissionAsk[];
    postings?: readonly Posting[];
  },
): Promise<Admission[]> {
  const { asks, postings = [] } = batch;
  const books = admissionBatch(asks, postings);
  const { balances, calls, lines } = books;
  const rows = await tx.query<AdmitRow>(
    admit_batch,
    [
      batch.control_epoch,
      batch.instance_id,
      instantText(batch.at_ms),
      balances.map((of) => of.control_id),
      balances.map((of) => of.subject),
      balances.map((of) => of.window_start),
      balances.map((of) => of.since),
      balances.map((of) => of.actual),
      balances.map((of) => of.released),
      balances.map((of) => of.cap),
      books.may_fit ? balances.map((of) => of.most) : null,
      asks.map((ask) => ask.id),
      asks.map((ask) => ask.run_id),
      asks.map((ask) => ask.run_must_exist),
      asks.map((ask) => ask.take),
      asks.map((ask) => ask.output_tokens.wanted),
      asks.map((ask) => ask.output_tokens.floor),
      calls.call,
      calls.controls,
      calls.subjects,
      calls.starts,
      calls.amounts,
      lines.map((line) => line.call),
      lines.map((line) => line.balance.position),
      lines.map((line) => line.of.cap),
      lines.map((line) => line.of.base),
      lines.map((line) => line.of.rate),
      lines.map((line) => line.of.scale),
      lines.map((line) => line.of.counts_runs === true),
    ],
    'admit_batch',
  );
  const [first] = rows;
  if (first?.outcome === 'all') return admittedAtOnce(asks, books, first);
  return asks.map((_, index) => admissionOf(present(rows[index], 'the answer for an admission')));
}

interface AdmitRow {
  outcome: Admission['outcome'] | 'all';
  output_bound: string | null;
  posted: string[] | null;
  pending: string[] | null;
  has_place: boolean[] | null;
}

function admissionOf(row: AdmitRow): Admission {
  const pending = row.pending ?? [];
  return {
    outcome: row.outcome as Admission['outcome'],
    output_bound: row.output_bound === null ? null : Number(row.output_bound),
    seen: (row.posted ?? []).map((posted, n) => seenOf(BigInt(posted), BigInt(pending[n] ?? 0), row.has_place?.[n])),
  };
}

/** Every call has what it wanted: what each of them saw follows from what those before it hold. */
function admittedAtOnce(asks: readonly AdmissionAsk[], { lines }: AdmissionBatch, row: AdmitRow): Admission[] {
  const posted = (row.posted ?? []).map(BigInt);
  const pending = (row.pending ?? []).map(BigInt);
  let from = 0;
  return asks.map((ask) => {
    const own = lines.slice(from, from + ask.lines.length);
    from += own.length;
    const seen = own.map(({ balance }) => ({
      posted: present(posted[balance.position - 1], 'what a balance has posted'),
      pending: present(pending[balance.position - 1], 'what a balance holds'),
    }));
    for (const [n, { balance, amount }] of own.entries())
      pending[balance.position - 1] = present(seen[n], 'what a line saw').pending + amount;
    return { outcome: 'admitted', output_bound: ask.output_tokens.wanted, seen };
  });
}
