import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { unreachable } from './assert.ts';
import { didYouMean } from './nearest.ts';

const calendar_units = ['minute', 'hour', 'day', 'week', 'month'] as const;

export const timezone = z.string().refine(IANAZone.isValidZone, {
  error: ({ input }) =>
    `must be an IANA time zone, for example "Europe/Paris" or "UTC"${didYouMean(String(input), Intl.supportedValuesOf('timeZone'))}`,
});

/** Over which stretch of time a limit counts: calendar windows in a zone (weeks start on Monday), or the last N seconds. */
export const window_schema = z.union([
  // Their time is the same in every zone: one that is named is nothing to keep.
  z.strictObject({ per: z.enum(['run', 'session']), timezone: timezone.optional() }).transform(({ per }) => ({ per })),
  z.strictObject({ per: z.enum(calendar_units), timezone: timezone.default('UTC') }),
  z.strictObject({ rolling_seconds: z.int().min(1).max(31_536_000) }),
]);
export type Window = z.infer<typeof window_schema>;
export type WindowKind = 'run' | 'session' | (typeof calendar_units)[number] | 'rolling';

export const windowKind = (window: Window): WindowKind => ('rolling_seconds' in window ? 'rolling' : window.per);

/** Windows that span a run or a session have one balance for all time: its start is 1970. */
const always: WindowAt = { start_ms: 0, end_ms: null, since_ms: null };

/** How many buckets a rolling window is counted in; it over-counts by at most one of them and never under-counts. */
const rolling_buckets = 60;

export interface WindowAt {
  /** First instant of the window (of its present bucket for rolling ones), milliseconds since 1970. */
  readonly start_ms: number;
  /** First instant after the window; null when it has no end of its own. */
  readonly end_ms: number | null;
  /** Rolling only: buckets that start after this instant still count. */
  readonly since_ms: number | null;
}

/** The window that an instant falls into. */
export function windowAt(window: Window, at_ms: number): WindowAt {
  if ('rolling_seconds' in window) return rollingAt(window.rolling_seconds, at_ms);
  if (!('timezone' in window)) return always;
  return calendarAt(window.per, window.timezone, at_ms);
}

/**
 * Whether amounts counted in windows of the one form are found by those of the other: in calendar windows that begin at
 * the same instants, or in buckets no longer than those by which the other looks back.
 */
export function countsOn(before: Window, after: Window): boolean {
  if ('rolling_seconds' in before)
    return 'rolling_seconds' in after && bucketOf(before.rolling_seconds) <= bucketOf(after.rolling_seconds);
  const zoneOf = (window: Window) => ('timezone' in window ? window.timezone : null);
  return windowKind(before) === windowKind(after) && zoneOf(before) === zoneOf(after);
}

/** How long a bucket of a rolling window is, in milliseconds. */
export const bucketOf = (seconds: number): number => Math.max(1, Math.ceil(seconds / rolling_buckets)) * 1000;

function rollingAt(seconds: number, at_ms: number): WindowAt {
  const bucket_ms = bucketOf(seconds);
  const start_ms = Math.floor(at_ms / bucket_ms) * bucket_ms;
  return { start_ms, end_ms: null, since_ms: at_ms - seconds * 1000 - bucket_ms };
}

interface Stretch {
  start_ms: number;
  end_ms: number;
}
interface CachedWindow extends Stretch {
  since_ms: null;
}
/** The last window found per unit and zone: nearly every call falls into the same one as the call before it. */
const latest: Record<(typeof calendar_units)[number], Map<string, CachedWindow>> = {
  minute: new Map(),
  hour: new Map(),
  day: new Map(),
  week: new Map(),
  month: new Map(),
};

function calendarAt(unit: (typeof calendar_units)[number], zone: string, at_ms: number): WindowAt {
  const of_unit = latest[unit];
  const known = of_unit.get(zone);
  if (known && at_ms >= known.start_ms && at_ms < known.end_ms) return known;
  const { start_ms, end_ms } = calendarWindow(unit, zone, at_ms);
  const found = { start_ms, end_ms, since_ms: null };
  of_unit.set(zone, found);
  return found;
}

/**
 * Days, weeks and months start at the first instant of the local day (which is not 00:00 where clocks jump over it);
 * hours and minutes are stretches of real time, so that an hour repeated in autumn is two windows.
 */
function calendarWindow(unit: (typeof calendar_units)[number], zone: string, at_ms: number): Stretch {
  const { year, month, day, weekday } = DateTime.fromMillis(at_ms, { zone });
  const days = (first: number, last: number) => ({
    start_ms: startOfLocalDay(Date.UTC(year, month - 1, first), zone),
    end_ms: startOfLocalDay(Date.UTC(year, month - 1, last), zone),
  });
  switch (unit) {
    case 'minute':
      return stretch(at_ms, 60_000, zone);
    case 'hour':
      return stretch(at_ms, 3_600_000, zone);
    case 'day':
      return days(day, day + 1);
    case 'week':
      return days(day - weekday + 1, day - weekday + 8);
    case 'month':
      return { ...days(1, 1), end_ms: startOfLocalDay(Date.UTC(year, month, 1), zone) };
    default:
      return unreachable(unit);
  }
}

/**
 * Zones whose offset is not a whole hour have their hours start at the local full hour. Where clocks are moved by less
 * than an hour, the hour is cut there: windows never overlap.
 */
function stretch(at_ms: number, length_ms: number, zone: string): Stretch {
  const offset_ms = offsetAt(at_ms, zone);
  const start_ms = Math.floor((at_ms + offset_ms) / length_ms) * length_ms - offset_ms;
  const end_ms = start_ms + length_ms;
  return {
    start_ms: offsetAt(start_ms, zone) === offset_ms ? start_ms : changeOf(zone, start_ms, at_ms),
    end_ms: offsetAt(end_ms - 1, zone) === offset_ms ? end_ms : changeOf(zone, at_ms, end_ms),
  };
}

const offsetAt = (at_ms: number, zone: string): number => DateTime.fromMillis(at_ms, { zone }).offset * 60_000;

/** The first instant between two whose offset is no longer that of the first. */
function changeOf(zone: string, before_ms: number, after_ms: number): number {
  const offset_ms = offsetAt(before_ms, zone);
  let [before, after] = [before_ms, after_ms];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, zone) === offset_ms) before = middle;
    else after = middle;
  }
  return after;
}

/**
 * The first instant of a local day, given its midnight as if in UTC. Where that midnight comes twice, the day begins
 * with the first; where clocks jump over it, when they have jumped.
 */
function startOfLocalDay(midnight_ms: number, zone: string): number {
  const day_ms = 86_400_000;
  const offsets = [offsetAt(midnight_ms - day_ms, zone), offsetAt(midnight_ms + day_ms, zone)];
  const [first = midnight_ms, last = midnight_ms] = offsets
    .map((offset_ms) => midnight_ms - offset_ms)
    .sort((a, b) => a - b);
  if (first + offsetAt(first, zone) === midnight_ms) return first;
  if (last + offsetAt(last, zone) === midnight_ms) return last;
  return changeOf(zone, first, last);
}
