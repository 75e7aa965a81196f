import { expect, test } from 'vitest';
import { fillOf, forecastOf, type Gauge } from './gauge.ts';

const now_ms = Date.UTC(2026, 10, 22, 12);
const gauge = { posted: '30', cap: '100', burn: '0.5', resets_at: '2026-11-22T14:00:00.000Z' } as Gauge;

test('at 50 cents a minute, two hours before the end, 30 of 100 dollars become 90', () => {
  expect(forecastOf(gauge, now_ms)).toBe(0.9);
});

test('what is not used, or never ends, has no forecast', () => {
  expect(forecastOf({ ...gauge, burn: '0' }, now_ms)).toBeUndefined();
  expect(forecastOf({ ...gauge, resets_at: null }, now_ms)).toBeUndefined();
});

test('a limit of nothing is full, whatever was asked of it', () => {
  const limit = { mode: 'enforce' as const, alert_tiers: [] };
  expect(fillOf({ posted: '0', pending: '0', cap: '0' }, limit)).toEqual({ used: 1, held: 0, tone: 'crit' });
  expect(fillOf({ posted: '30', pending: '20', cap: '100' }, limit)).toEqual({ used: 0.3, held: 0.2, tone: 'info' });
});
