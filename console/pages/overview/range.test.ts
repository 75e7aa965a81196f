import { expect, test } from 'vitest';
import { rangeOf } from './range.ts';

const now_ms = Date.parse('2026-11-22T12:34:56.000Z');

test('a range of the overview is whole hours up to now, or the month so far', () => {
  expect(rangeOf('24h', now_ms)).toEqual({ from: '2026-11-21T13:00:00.000Z', bucket: 'hour', said: 'in 24 h' });
  expect(rangeOf('7d', now_ms)).toEqual({ from: '2026-11-15T13:00:00.000Z', bucket: 'hour', said: 'in 7 d' });
  expect(rangeOf('period', now_ms)).toEqual({
    from: '2026-11-01T00:00:00.000Z',
    bucket: 'day',
    said: 'since Nov 1 (UTC)',
  });
});

test('a month that has just begun is shown by the hour', () => {
  expect(rangeOf('period', Date.parse('2026-12-02T00:30:00.000Z')).bucket).toBe('hour');
});
