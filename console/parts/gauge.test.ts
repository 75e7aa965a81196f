import { expect, test } from 'vitest';
import { forecastOf, type Gauge } from './gauge.ts';

const now_ms = Date.UTC(2026, 10, 22, 12);
const gauge = { posted: '30', cap: '100', burn: '0.5', resets_at: '2026-11-22T14:00:00.000Z' } as Gauge;

test('at 50 cents a minute, two hours before the end, 30 of 100 dollars become 90', () => {
  expect(forecastOf(gauge, now_ms)).toBe(0.9);
});

test('what is not used, or never ends, has no forecast', () => {
  expect(forecastOf({ ...gauge, burn: '0' }, now_ms)).toBeUndefined();
  expect(forecastOf({ ...gauge, resets_at: null }, now_ms)).toBeUndefined();
});
