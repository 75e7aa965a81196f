import type { BalanceKey, Seen } from '@aos/core/policies/reserve.ts';

/** What a balance is found by; `window_start` as an instant's text, or `-infinity`. */
export interface BalanceRow {
  control_id: string;
  subject: string;
  window_start: string;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The order in which everybody locks balances. `-infinity` comes before every instant, as in the database. */
export const inLockOrder = (a: BalanceRow, b: BalanceRow): number =>
  compare(a.control_id, b.control_id) || compare(a.subject, b.subject) || compare(a.window_start, b.window_start);

/** Tells balances apart. */
export const nameOf = ({ control_id, subject, window_start }: BalanceRow): string =>
  `${control_id} ${subject} ${window_start}`;

/** What a call asks of one balance; see `Line` in core/policies/reserve.ts. */
export interface BookLine {
  key: BalanceKey;
  cap: bigint | null;
  base: bigint;
  rate: bigint;
  scale: number;
  /** It asks for the place of the run; see `run_places` in migrations/0044_run_places.sql. */
  counts_runs?: true;
}

/** What ending a hold does to one balance: `held` leaves pending, `actual` is posted. */
export interface Posting {
  control_id: string;
  subject: string;
  window_start: string;
  held: bigint;
  actual: bigint;
}

export const seenOf = (posted: bigint, pending: bigint, has_place: boolean | undefined): Seen =>
  has_place ? { posted, pending, has_place } : { posted, pending };
