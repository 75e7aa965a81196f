import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quiet_hours, quietUntil } from './quiet-hours.ts';

const until = (of: object, at: string) => {
  const ends_ms = quietUntil(quiet_hours.parse(of), Date.parse(at));
  return ends_ms === null ? null : new Date(ends_ms).toISOString();
};

test('quiet hours end at their last minute, by the clock of their zone, over midnight too', () => {
  const night = { from: '22:00', to: '07:00', timezone: 'Europe/Paris' };
  expect(until(night, '2026-01-10T20:59:59.999Z')).toBeNull();
  expect(until(night, '2026-01-10T21:00:00.000Z')).toBe('2026-01-11T06:00:00.000Z');
  expect(until(night, '2026-01-11T05:59:59.999Z')).toBe('2026-01-11T06:00:00.000Z');
  expect(until(night, '2026-01-11T06:00:00.000Z')).toBeNull();
  expect(until({ from: '12:00', to: '13:30' }, '2026-01-10T12:10:00.000Z')).toBe('2026-01-10T13:30:00.000Z');
  expect(until({ from: '12:00', to: '13:30' }, '2026-01-10T13:30:00.000Z')).toBeNull();
});

test('the night in which clocks are moved is an hour shorter or longer', () => {
  const night = { from: '22:00', to: '07:00', timezone: 'Europe/Paris' };
  expect(until(night, '2026-03-28T21:00:00.000Z')).toBe('2026-03-29T05:00:00.000Z');
  expect(until(night, '2026-10-24T21:00:00.000Z')).toBe('2026-10-25T06:00:00.000Z');
  // 02:30 comes twice: what is quiet until then is quiet in both.
  const early = { ...night, to: '02:30' };
  expect(until(early, '2026-10-25T00:10:00.000Z')).toBe('2026-10-25T00:30:00.000Z');
  expect(until(early, '2026-10-25T01:10:00.000Z')).toBe('2026-10-25T01:30:00.000Z');
});

test('they are over within a day and an hour, and not before now', () => {
  const zones = ['UTC', 'Europe/Paris', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
  const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
  const text = ([hour, minute]: [number, number]) =>
    `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
  const year = { min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) };
  fc.assert(
    fc.property(time, time, fc.constantFrom(...zones), fc.integer(year), (from, to, timezone, at_ms) => {
      fc.pre(text(from) !== text(to));
      const ends_ms = quietUntil({ from: text(from), to: text(to), timezone }, at_ms);
      if (ends_ms === null) return;
      expect(ends_ms).toBeGreaterThan(at_ms);
      expect(ends_ms - at_ms).toBeLessThanOrEqual(25 * 3_600_000);
    }),
  );
});

test('a time of day that there is none of, and a whole day, are refused', () => {
  expect(quiet_hours.safeParse({ from: '24:00', to: '07:00' }).success).toBe(false);
  expect(quiet_hours.safeParse({ from: '7:00', to: '08:00' }).success).toBe(false);
  expect(quiet_hours.safeParse({ from: '07:00', to: '07:00' }).success).toBe(false);
  expect(quiet_hours.safeParse({ from: '07:00', to: '08:00', timezone: 'Mars/Olympus' }).success).toBe(false);
});
