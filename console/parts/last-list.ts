import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { useKeyWords } from '../ui/key-words.ts';
import { useKeys } from './keys.ts';

let last: readonly string[] = [];

/** Keeps the pages of the list that is looked at, in its order. */
export function useRemembered(hrefs: readonly string[]): void {
  useEffect(() => {
    if (hrefs.length > 0) last = hrefs;
  }, [hrefs]);
}

/** `[` and `]` lead to the page before and after this one in the list that was looked at last. */
export function useNeighbours(): void {
  const [path, navigate] = useLocation();
  const at = last.indexOf(path);
  const go = (to: number) => {
    const href = at < 0 ? undefined : last[to];
    if (href !== undefined) navigate(href);
  };
  useKeys({ '[': () => go(at - 1), ']': () => go(at + 1) });
  useKeyWords(at < 0 ? {} : { '[ ]': 'Previous and next of the list' });
}
