import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { rowHeight } from './window.ts';

export interface Cursor {
  /** The row that has it; null: none yet, so the place counts. */
  key: string | null;
  /** Where it was last seen. */
  at: number;
}

/** Where the row with the cursor is now; one that is gone leaves its place behind. The pure part. */
export function cursorIn<Row>(cursor: Cursor, rows: readonly Row[], keyOf: (row: Row) => string) {
  const { key } = cursor;
  const place = Math.max(0, Math.min(cursor.at, rows.length - 1));
  const there = rows[place];
  if (key === null || there === undefined || keyOf(there) === key) return { at: place, is_gone: false };
  const at = rows.findIndex((row) => keyOf(row) === key);
  return at < 0 ? { at: place, is_gone: true } : { at, is_gone: false };
}

/**
 * The row that the keys of a list are about. From when the list has the focus it is the same row wherever it moves, and
 * stays in sight. When that row leaves the list no other takes its part by itself: the reader moves on to one.
 */
export function useCursor<Row>(
  grid: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  height: number,
) {
  const [cursor, setCursor] = useState<Cursor>({ key: null, at: 0 });
  const latest = useRef({ rows, at: 0, is_gone: false, key: cursor.key });
  const asked = useRef(keyOf);
  asked.current = keyOf;
  const before = latest.current;
  // One that is gone left from where it was last seen, which may be elsewhere than where it was put.
  const from = before.key === cursor.key ? before.at : cursor.at;
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked for anew when rows or cursor change
  const now = useMemo(() => cursorIn({ key: cursor.key, at: from }, rows, asked.current), [cursor, rows]);
  const put = useCallback((at: number, row: Row) => setCursor({ key: asked.current(row), at }), []);
  useLayoutEffect(() => {
    const has_moved = before.rows !== rows && before.at !== now.at && before.key === cursor.key;
    latest.current = { rows, ...now, key: cursor.key };
    if (document.activeElement !== grid.current) return;
    const row = rows[now.at];
    if (cursor.key === null && row !== undefined) put(now.at, row);
    else if (has_moved) reveal(grid.current, now.at, height);
  });
  /** A list that is come to begins with a row that is there. */
  const onFocus = useCallback(() => {
    const { rows, at, is_gone, key } = latest.current;
    const row = rows[at];
    if (document.activeElement !== grid.current) return;
    if ((key === null || is_gone) && row !== undefined) put(at, row);
  }, [grid, put]);
  return { ...now, put, onFocus };
}

/** Scrolls no further than it must for a row to be in sight. */
export function reveal(grid: HTMLElement | null, row: number, height: number): void {
  if (!grid) return;
  const [top, below] = [row * height, row * height + height + rowHeight];
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (below > grid.scrollTop + grid.clientHeight) grid.scrollTop = below - grid.clientHeight;
}
