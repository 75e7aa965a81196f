import { useMemo, useState } from 'react';
import type { Filtering } from '../ui/Filters.tsx';
import { dayText } from '../ui/format.ts';
import { useUrlWord } from '../url-state.ts';

const hour_ms = 3_600_000;

/** How far back a list can look, in the words of its address. */
export const spans: Readonly<Record<string, number>> = {
  '1h': hour_ms,
  '24h': 24 * hour_ms,
  '7d': 7 * 24 * hour_ms,
  '30d': 30 * 24 * hour_ms,
};
export const all_time = 'all';

export const spanWords = (span: string): string =>
  span === all_time ? 'all time' : `last ${span.replace(/\D+$/, '')} ${span.replace(/^\d+/, '')}`;

export interface TimeRange {
  /** A word of `spans`, or all time; what is written as from and to comes before it. */
  span: string;
  /** What it adds to the question. */
  query: { from?: string };
  /** What it is, for the foot of the list. */
  words: string;
  setSpan: (span: string) => void;
}

/** From when to when a list is of. A link to something shows it whatever its age, unless it says how far back. */
export function useTimeRange(values: Filtering, otherwise: string = all_time): TimeRange {
  const is_narrowed = Object.values(values).some((chosen) => chosen.length > 0);
  const [first] = useState(() => {
    const is_looking = new URLSearchParams(window.location.search).has('peek');
    return is_narrowed || is_looking ? all_time : otherwise;
  });
  const [span, setSpan] = useUrlWord('last', first);
  const [from, to] = [values.from?.[0], values.to?.[0]];
  const since = useMemo(() => sinceOf(span), [span]);
  const is_given = from !== undefined || to !== undefined;
  return {
    span,
    query: is_given || since === null ? {} : { from: since },
    words: is_given ? givenWords(from, to) : spanWords(since === null ? all_time : span),
    setSpan,
  };
}

/** What it means that nothing is listed: `No records between Nov 21, 14:03 UTC and now`. */
export function nothingWords(noun: string, from: string | undefined, to: string | undefined): string {
  const said = (at: string) => dayText(Date.parse(at));
  if (from === undefined) return to === undefined ? `No ${noun}` : `No ${noun} before ${said(to)} UTC`;
  return `No ${noun} between ${said(from)} ${to === undefined ? 'UTC and now' : `and ${said(to)} UTC`}`;
}

const minute_ms = 60_000;

/** To the minute, so that the question stays the same where the list is come back to. */
function sinceOf(span: string): string | null {
  const back_ms = spans[span];
  if (back_ms === undefined) return null;
  return new Date(Math.floor((Date.now() - back_ms) / minute_ms) * minute_ms).toISOString();
}

function givenWords(from: string | undefined, to: string | undefined): string {
  const said = (at: string) => dayText(Date.parse(at));
  if (from === undefined) return `until ${said(to ?? '')} UTC`;
  return `${said(from)} to ${to === undefined ? 'now' : said(to)} UTC`;
}
