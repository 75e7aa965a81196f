import { useEffect } from 'react';

const known = new Set<Readonly<Record<string, string>>>();

/** Says what keys do while this is on the page; `?` lists exactly these. */
export function useKeyWords(words: Readonly<Record<string, string>>): void {
  const text = JSON.stringify(words);
  useEffect(() => {
    const own: Record<string, string> = JSON.parse(text);
    known.add(own);
    return () => void known.delete(own);
  }, [text]);
}

/** The keys that work now, the latest first. */
export const keyWordsNow = (): [key: string, what: string][] => [
  ...new Map([...known].reverse().flatMap((words) => Object.entries(words))),
];

const is_apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** A key with the one that gives orders, as it stands on the keyboard at hand. */
export const withCommand = (key: string): string => (is_apple ? `⌘${key}` : `Ctrl ${key}`);
