import { useCallback, useReducer, useRef } from 'react';

export interface Held<Row> {
  rows: readonly Row[];
  /** How many rows wait to be shown. */
  waiting: number;
}

/**
 * Rows of a live list in the places where the reader sees them. While `hold` is true rows keep their places with their
 * latest content and new ones wait; one that has left the list stays as it was last seen.
 */
export function useHeldRows<Row>(rows: readonly Row[], keyOf: (row: Row) => string, hold: boolean) {
  const last = useRef<Held<Row> & { of: readonly Row[] }>({ of: rows, rows, waiting: 0 });
  const latest = useRef(rows);
  latest.current = rows;
  const [, paint] = useReducer((times: number) => times + 1, 0);
  /** Shows those that wait, once. */
  const show = useCallback(() => {
    last.current = { of: latest.current, rows: latest.current, waiting: 0 };
    paint();
  }, []);
  if (!hold || last.current.rows.length === 0) last.current = { of: rows, rows, waiting: 0 };
  else if (last.current.of !== rows) last.current = { of: rows, ...heldRows(last.current.rows, rows, keyOf) };
  return { rows: last.current.rows, waiting: last.current.waiting, show };
}

/** The pure part: what is shown when `now` arrives over `before`. Rows below the last one seen are further pages. */
export function heldRows<Row>(before: readonly Row[], now: readonly Row[], keyOf: (row: Row) => string): Held<Row> {
  // A further page of a long list: nothing to look up.
  if (now.length >= before.length && before.every((row, at) => row === now[at])) return { rows: now, waiting: 0 };
  const latest = new Map(now.map((row) => [keyOf(row), row]));
  const known = new Set(before.map(keyOf));
  const first_known = now.findIndex((row) => known.has(keyOf(row)));
  const above = first_known < 0 ? now.length : first_known;
  const below = now.slice(above).filter((row) => !known.has(keyOf(row)));
  return { rows: [...before.map((row) => latest.get(keyOf(row)) ?? row), ...below], waiting: above };
}
