import { useEffect, useMemo } from 'react';
import { useLocation } from 'wouter';
import { useKeyWords } from '../ui/key-words.ts';
import { useKeys } from './keys.ts';

interface LastList {
  count: number;
  /** The page of one of its rows. */
  hrefOf: (at: number) => string;
}

let last: LastList = { count: 0, hrefOf: () => '' };

/** Keeps the list that is looked at, in its order. */
export function useRemembered<Row>(rows: readonly Row[], openHref: ((row: Row) => string) | undefined): void {
  useEffect(() => {
    if (!openHref || rows.length === 0) return;
    last = { count: rows.length, hrefOf: (at) => openHref(rows[at] as Row) };
  }, [rows, openHref]);
}

function placeOf(path: string): number {
  for (let at = 0; at < last.count; at++) if (last.hrefOf(at) === path) return at;
  return -1;
}

export interface Neighbours {
  /** From 0; -1: this page is none of the list that was looked at last. */
  at: number;
  count: number;
  go: (by: 1 | -1) => void;
}

/** `[` and `]` lead to the page before and after this one in the list that was looked at last. */
export function useNeighbours(): Neighbours {
  const [path, navigate] = useLocation();
  const at = useMemo(() => placeOf(path), [path]);
  const go = (by: 1 | -1) => {
    const to = at + by;
    if (at >= 0 && to >= 0 && to < last.count) navigate(last.hrefOf(to));
  };
  useKeys({ '[': () => go(-1), ']': () => go(1) });
  useKeyWords(at < 0 ? {} : { '[ ]': 'Previous and next of the list' });
  return { at, count: last.count, go };
}
