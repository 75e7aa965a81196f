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
