import { useMemo } from 'react';
import type { Filtering } from '../../ui/Filters.tsx';

const hour_ms = 3_600_000;

export const ranges = {
  '1h': { ms: hour_ms, bucket: 'minute', name: '1 hour' },
  '24h': { ms: 24 * hour_ms, bucket: 'hour', name: '24 hours' },
  '7d': { ms: 168 * hour_ms, bucket: 'hour', name: '7 days' },
  '30d': { ms: 720 * hour_ms, bucket: 'day', name: '30 days' },
} as const;
export type RangeName = keyof typeof ranges;
const bucket_ms = { minute: 60_000, hour: hour_ms, day: 24 * hour_ms };

export interface Range {
  from: string;
  /** Undefined: now. */
  to: string | undefined;
  /** Undefined: what fits the range. */
  bucket: 'minute' | 'hour' | 'day' | undefined;
  /** A stretch that was marked: it stands still. */
  is_marked: boolean;
}

/** What is asked for: a stretch that was marked, or one of the usual ones up to now. */
export function useRange(values: Filtering, range: RangeName): Range {
  const [from, to] = [values.from?.[0], values.to?.[0]];
  const { ms, bucket } = ranges[range];
  const width_ms = bucket_ms[bucket];
  const since_ms = Math.floor((Date.now() - ms) / width_ms) * width_ms + width_ms;
  return useMemo(() => {
    if (from === undefined) return { from: new Date(since_ms).toISOString(), to: undefined, bucket, is_marked: false };
    return { from, to, bucket: undefined, is_marked: true };
  }, [from, to, since_ms, bucket]);
}

/**
 * The time before a range, as long as it and cut into buckets at the same places: it ends as far into a bucket as the
 * range does, so that a day which is half over is held against half a day.
 */
export function earlierOf(
  { from, to, bucket }: Range,
  now_ms: number,
): { from: string; to: string; bucket: Range['bucket'] } {
  const from_ms = Date.parse(from);
  const step_ms = bucket === 'minute' ? 60_000 : hour_ms;
  const to_ms = to === undefined ? Math.max(from_ms + step_ms, Math.ceil(now_ms / step_ms) * step_ms) : Date.parse(to);
  const width_ms = bucket === undefined ? 1 : bucket_ms[bucket];
  const back_ms = Math.ceil((to_ms - from_ms) / width_ms) * width_ms;
  const instant = (at_ms: number) => new Date(at_ms - back_ms).toISOString();
  return { from: instant(from_ms), to: instant(to_ms), bucket };
}
