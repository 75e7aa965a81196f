import { dayText } from '../../ui/format.ts';
import { useUrlWord } from '../../url-state.ts';

/** A stretch of time up to now. */
export interface Range {
  /** Its first instant. */
  from: string;
  bucket: 'hour' | 'day';
  /** `in 24 h`, as in "refused in 24 h". */
  said: string;
}

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
/** Beyond it a column is a day. */
const most_hours = 168;

export const range_names = [
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['period', 'This month'],
] as const;

/** What the overview looks back on: as many whole hours as it is named for, or the month (UTC), as budgets do. */
export function rangeOf(name: string, now_ms: number): Range {
  const hour = Math.floor(now_ms / hour_ms) * hour_ms;
  if (name !== 'period') {
    const hours = name === '7d' ? most_hours : 24;
    return { from: instant(hour - (hours - 1) * hour_ms), bucket: 'hour', said: name === '7d' ? 'in 7 d' : 'in 24 h' };
  }
  const at = new Date(now_ms);
  const month = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  const bucket = now_ms - month > most_hours * hour_ms ? 'day' : 'hour';
  return { from: instant(month), bucket, said: `since ${dayText(month).split(',')[0]} (UTC)` };
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();

export const bucketMs = ({ bucket }: Pick<Range, 'bucket'>): number => (bucket === 'hour' ? hour_ms : day_ms);

/** One choice for all panels that look back, kept in the address. */
export function useRange(now_ms: number) {
  const [named, choose] = useUrlWord('range', '24h');
  const chosen = range_names.some(([name]) => name === named) ? named : '24h';
  return { range: rangeOf(chosen, now_ms), chosen, choose };
}
