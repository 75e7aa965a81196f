import { day_ms, hour_ms, type Summed } from './sums.ts';

/** A stretch of time that is read from the rows themselves, or from their sums by hour or day. */
export interface Stretch {
  width: 'row' | 'hour' | 'day';
  from_ms: number;
  to_ms: number;
}

interface Range {
  from: string;
  to: string;
  bucket_ms: number;
}

/** The stretches of a range: as much as can be from sums, what is left of it from rows. `summed` null: all of it. */
export function stretchesOf({ from, to, bucket_ms }: Range, summed: Summed | null): Stretch[] {
  const [from_ms, to_ms] = [Date.parse(from), Date.parse(to)];
  const rows: Stretch = { width: 'row', from_ms, to_ms };
  if (!summed || bucket_ms < hour_ms) return [rows];
  const hours = inside(rows, hour_ms, Math.max(from_ms, summed.since_ms), Math.min(to_ms, summed.hours_until_ms));
  const days = inside(
    hours,
    bucket_ms < day_ms ? Infinity : day_ms,
    hours.from_ms,
    Math.min(hours.to_ms, summed.days_until_ms),
  );
  const around = (outer: Stretch, inner: Stretch): Stretch[] => [
    { ...outer, to_ms: inner.from_ms },
    { ...outer, from_ms: inner.to_ms },
  ];
  const [before, after] = around(rows, hours);
  const [morning, evening] = around({ ...hours, width: 'hour' }, days);
  const all = [before, morning, { ...days, width: 'day' as const }, evening, after];
  return all.flatMap((of) => (of && of.from_ms < of.to_ms ? of : []));
}

/** The whole hours or days between two instants of a stretch; where there is none, nothing at the end of the stretch. */
function inside(of: Stretch, step_ms: number, from_ms: number, to_ms: number): Stretch {
  const first_ms = Math.ceil(from_ms / step_ms) * step_ms;
  const last_ms = Math.floor(to_ms / step_ms) * step_ms;
  return first_ms < last_ms ? { ...of, from_ms: first_ms, to_ms: last_ms } : { ...of, from_ms: of.to_ms };
}
