import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochMs } from './time.ts';
import { type Window, window_schema, windowAt } from './window.ts';

const units = ['minute', 'hour', 'day', 'week', 'month'] as const;
type Unit = (typeof units)[number];

/** Around every change of the clocks here, around midnight and the turn of months and years, and plain days. */
const moments: Record<string, string[]> = {
  UTC: ['2026-01-01T00:00Z', '2026-02-28T23:59Z', '2028-02-29T12:00Z', '2026-11-22T12:03Z', '2026-12-31T23:59Z'],
  'Asia/Tokyo': ['2025-12-31T15:00Z', '2026-03-01T14:59Z', '2026-11-22T03:00Z', '2026-11-30T15:00Z'],
  'America/New_York': [
    '2026-03-08T07:00Z',
    '2026-11-01T06:00Z',
    '2026-11-01T05:30Z',
    '2026-11-01T06:30Z',
    '2026-03-08T04:59Z',
    '2026-11-02T05:00Z',
  ],
  'Australia/Lord_Howe': [
    '2026-04-04T15:00Z',
    '2026-10-03T15:30Z',
    '2026-04-04T15:15Z',
    '2026-10-03T15:15Z',
    '2026-07-01T00:00Z',
  ],
  'Asia/Kathmandu': ['2026-01-14T18:15Z', '2026-11-22T18:14Z', '2026-06-30T18:15Z', '2026-11-22T00:20Z'],
  'America/Havana': ['2026-03-08T05:00Z', '2026-11-01T05:00Z', '2026-11-01T04:30Z'],
  'Africa/Cairo': ['2026-04-23T22:00Z', '2026-10-29T21:00Z'],
  'Europe/Paris': ['2026-03-29T01:00Z', '2026-10-25T01:00Z'],
};
const offsets_minutes = [-61, -31, -16, -1, 0, 1, 14, 29, 31, 59, 61, 24 * 60];

const cases = Object.entries(moments).flatMap(([timezone, instants]) =>
  instants.flatMap((instant) =>
    offsets_minutes.flatMap((minutes) =>
      units.map((per) => ({ timezone, per, at_ms: Date.parse(instant) + minutes * 60_000 + 123 })),
    ),
  ),
);

/** The same windows by another calendar library; an hour begins at the local full hour or where the clocks are moved. */
function expected(per: Unit, timezone: string, at_ms: number): { start_ms: number; end_ms: number } {
  const at = Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(timezone);
  const day = at.startOfDay();
  switch (per) {
    case 'day':
      return between(day, day.add({ days: 1 }).startOfDay());
    case 'week': {
      const monday = at.subtract({ days: at.dayOfWeek - 1 }).startOfDay();
      return between(monday, monday.add({ days: 7 }).startOfDay());
    }
    case 'month': {
      const first = at.with({ day: 1 }).startOfDay();
      return between(
        first,
        at.toPlainDate().with({ day: 1 }).add({ months: 1 }).toZonedDateTime(timezone).startOfDay(),
      );
    }
    default: {
      const length_ms = per === 'hour' ? 3_600_000 : 60_000;
      const offset_ms = at.offsetNanoseconds / 1e6;
      const start_ms = Math.floor((at_ms + offset_ms) / length_ms) * length_ms - offset_ms;
      const moved_ms = at.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity;
      const next_ms = at.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
      return { start_ms: Math.max(start_ms, moved_ms), end_ms: Math.min(start_ms + length_ms, next_ms) };
    }
  }
}

const between = (start: Temporal.ZonedDateTime, end: Temporal.ZonedDateTime) => ({
  start_ms: start.epochMilliseconds,
  end_ms: end.epochMilliseconds,
});

describe('calendar windows', () => {
  test(`are those of another calendar library, in ${cases.length} cases around changes of the clocks`, () => {
    expect(cases.length).toBeGreaterThan(400);
    for (const { per, timezone, at_ms } of cases) {
      const found = windowAt({ per, timezone }, at_ms);
      const name = `${per} of ${timezone} at ${new Date(at_ms).toISOString()}`;
      expect({ name, ...found }).toEqual({ name, ...expected(per, timezone, at_ms), since_ms: null });
    }
  });

  test('follow each other without gap and without overlap, in whatever order they are asked for', () => {
    const zone = fc.constantFrom(...Object.keys(moments));
    const at = fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2030-01-01') });
    fc.assert(
      fc.property(zone, fc.constantFrom(...units), at, (timezone, per, at_ms) => {
        const window = { per, timezone };
        const { start_ms, end_ms } = windowAt(window, at_ms);
        expect(start_ms).toBeLessThanOrEqual(at_ms);
        expect(end_ms).toBeGreaterThan(at_ms);
        expect(windowAt(window, start_ms).start_ms).toBe(start_ms);
        expect(windowAt(window, (end_ms ?? 0) - 1).start_ms).toBe(start_ms);
        expect(windowAt(window, end_ms ?? 0).start_ms).toBe(end_ms);
        expect(windowAt(window, start_ms - 1).end_ms).toBe(start_ms);
      }),
      { numRuns: 1500 },
    );
  });

  test('an hour that comes twice in autumn is two windows; a day of 23 or 25 hours is one', () => {
    const hour: Window = { per: 'hour', timezone: 'America/New_York' };
    expect(windowAt(hour, epochMs('2026-11-01T05:30:00.000Z')).start_ms).toBe(epochMs('2026-11-01T05:00:00.000Z'));
    expect(windowAt(hour, epochMs('2026-11-01T06:30:00.000Z')).start_ms).toBe(epochMs('2026-11-01T06:00:00.000Z'));
    const day: Window = { per: 'day', timezone: 'America/New_York' };
    const length_h = (text: string) => {
      const { start_ms, end_ms } = windowAt(day, epochMs(text));
      return ((end_ms ?? 0) - start_ms) / 3_600_000;
    };
    expect(length_h('2026-03-08T12:00:00.000Z')).toBe(23);
    expect(length_h('2026-11-01T12:00:00.000Z')).toBe(25);
  });
});

describe('other windows', () => {
  test('runs and sessions have one window for all time', () => {
    for (const per of ['run', 'session'] as const) {
      expect(windowAt({ per }, 1_800_000_000_000)).toEqual({ start_ms: 0, end_ms: null, since_ms: null });
    }
  });

  test('a rolling window counts every bucket it touches, and at most one bucket more than it is long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31_536_000 }), fc.nat(2_000_000_000_000), (rolling_seconds, at_ms) => {
        const { start_ms, end_ms, since_ms } = windowAt({ rolling_seconds }, at_ms);
        const bucket_ms = Math.max(1, Math.ceil(rolling_seconds / 60)) * 1000;
        const oldest_ms = at_ms - rolling_seconds * 1000;
        expect(end_ms).toBeNull();
        expect(start_ms % bucket_ms).toBe(0);
        expect(start_ms <= at_ms && at_ms < start_ms + bucket_ms).toBe(true);
        // The bucket that holds the instant just as long ago counts whole; the one before it does not.
        const edge_ms = Math.floor(oldest_ms / bucket_ms) * bucket_ms;
        expect(edge_ms).toBeGreaterThan(since_ms ?? Infinity);
        expect(edge_ms - bucket_ms).toBeLessThanOrEqual(since_ms ?? -Infinity);
      }),
    );
  });

  test('weeks start on Monday, and a zone that is none is refused', () => {
    expect(windowAt({ per: 'week', timezone: 'UTC' }, epochMs('2026-11-22T23:59:59.999Z')).start_ms).toBe(
      epochMs('2026-11-16T00:00:00.000Z'),
    );
    expect(window_schema.safeParse({ per: 'day', timezone: 'Mars/Olympus' }).success).toBe(false);
    expect(window_schema.parse({ per: 'day' })).toEqual({ per: 'day', timezone: 'UTC' });
    // The time of a run or a session is the same everywhere.
    expect(window_schema.parse({ per: 'run', timezone: 'Europe/Paris' })).toEqual({ per: 'run' });
    expect(window_schema.safeParse({ per: 'session', timezone: 'Mars/Olympus' }).success).toBe(false);
  });
});
