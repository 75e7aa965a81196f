import { useRef } from 'react';

export interface Held<Row> {
  rows: readonly Row[];
  /** How many rows wait to be shown. */
  waiting: number;
}

/**
 * Rows of a live list in the places where the reader sees them. While `hold` is true rows keep their places with their
 * latest content and new ones wait; one that has left the list stays as it was last seen.
 */
export function useHeldRows<Row>(rows: readonly Row[], keyOf: (row: Row) => string, hold: boolean): Held<Row> {
  const seen = useRef<readonly Row[]>(rows);
  if (!hold || seen.current.length === 0) {
    seen.current = rows;
    return { rows, waiting: 0 };
  }
  return heldRows(seen.current, rows, keyOf, (next) => {
    seen.current = next;
  });
}

/** The pure part: what is shown when `now` arrives over `before`. Rows below the last one seen are further pages. */
export function heldRows<Row>(
  before: readonly Row[],
  now: readonly Row[],
  keyOf: (row: Row) => string,
  keep: (rows: readonly Row[]) => void = () => undefined,
): Held<Row> {
  const latest = new Map(now.map((row) => [keyOf(row), row]));
  const known = new Set(before.map(keyOf));
  const first_known = now.findIndex((row) => known.has(keyOf(row)));
  const above = first_known < 0 ? now.length : first_known;
  const below = now.slice(above).filter((row) => !known.has(keyOf(row)));
  const rows = [...before.map((row) => latest.get(keyOf(row)) ?? row), ...below];
  keep(rows);
  return { rows, waiting: above };
}
