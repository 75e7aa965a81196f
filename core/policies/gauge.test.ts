import { describe, expect, test } from 'vitest';
import { nanoOfUsd } from '../base/money.ts';
import { epochMs } from '../base/time.ts';
import { gaugeOf, isSingle } from './gauge.ts';
import { limit_schema } from './limits/index.ts';

const noon = epochMs('2026-11-22T12:00:00.000Z');
const gauge = (limit: object, posted: bigint, pending = 0n, at_ms = noon) =>
  gaugeOf(limit_schema.parse(limit), { subject: '*', posted, pending }, at_ms);

const tokens = { type: 'tokens_total', max: 1000, window: { per: 'day' } };

test('a gauge speaks in the unit of its limit', () => {
  expect(gauge(tokens, 300n, 60n)).toEqual({
    subject: '*',
    unit: 'tokens',
    cap: 1000,
    base_cap: 1000,
    override: null,
    posted: 300,
    pending: 60,
    remaining: 640,
    window: { start: '2026-11-22T00:00:00.000Z', end: '2026-11-23T00:00:00.000Z' },
    resets_at: '2026-11-23T00:00:00.000Z',
    burn: 0.5,
    empties_at: null,
  });
  const cost = { type: 'cost_usd', max: '10', window: { per: 'day', timezone: 'Asia/Tokyo' } };
  expect(gauge(cost, nanoOfUsd('7.2'), nanoOfUsd('0.36'))).toMatchObject({
    unit: 'usd',
    cap: '10.000000000',
    posted: '7.200000000',
    pending: '0.360000000',
    remaining: '2.440000000',
    window: { start: '2026-11-21T15:00:00.000Z', end: '2026-11-22T15:00:00.000Z' },
    burn: '0.006000000',
    empties_at: null,
  });
});

describe('when it empties', () => {
  test('is where the burn so far ends before the window does', () => {
    // 600 of 1000 in 12 hours: the other 400 last for 8.
    expect(gauge(tokens, 500n, 100n).empties_at).toBe('2026-11-22T20:00:00.000Z');
    expect(gauge(tokens, 500n).empties_at).toBeNull();
    expect(gauge(tokens, 501n).empties_at).toBe('2026-11-22T23:57:07.544Z');
  });

  test('is now when nothing is left, also beyond the cap', () => {
    expect(gauge(tokens, 1000n)).toMatchObject({ remaining: 0, empties_at: '2026-11-22T12:00:00.000Z' });
    expect(gauge(tokens, 990n, 20n)).toMatchObject({
      remaining: 0,
      posted: 990,
      empties_at: '2026-11-22T12:00:00.000Z',
    });
  });

  test('is unknown while nothing burns and where a window does not end', () => {
    expect(gauge(tokens, 0n)).toMatchObject({ burn: 0, empties_at: null });
    expect(gauge({ ...tokens, window: { per: 'run' } }, 900n)).toMatchObject({
      burn: null,
      empties_at: null,
      window: { start: null, end: null },
    });
    expect(gauge({ type: 'concurrency', max: 4 }, 0n, 3n)).toMatchObject({
      remaining: 1,
      burn: null,
      empties_at: null,
      resets_at: null,
    });
    expect(gauge({ ...tokens, window: { rolling_seconds: 600 } }, 900n)).toMatchObject({
      burn: 90,
      empties_at: null,
      resets_at: null,
      window: { start: '2026-11-22T11:50:00.000Z', end: null },
    });
  });
});

test('the first moments of a window are no trend: burn is over a minute at least, or over the window if it is shorter', () => {
  const midnight = epochMs('2026-11-22T00:00:00.000Z');
  expect(gauge(tokens, 100n, 0n, midnight)).toMatchObject({ burn: 100, empties_at: '2026-11-22T00:09:00.000Z' });
  expect(gauge({ ...tokens, window: { per: 'minute' } }, 100n, 0n, midnight + 1).burn).toBe(100);
});

test('only what is counted together, and not for each run or session, has one number', () => {
  const single = (more: object) => isSingle(limit_schema.parse({ ...tokens, ...more }));
  expect(single({})).toBe(true);
  expect(single({ window: { rolling_seconds: 5 } })).toBe(true);
  expect(single({ count_per: 'agent' })).toBe(false);
  expect(single({ window: { per: 'run' } })).toBe(false);
  expect(single({ window: { per: 'session' } })).toBe(false);
  expect(isSingle(limit_schema.parse({ type: 'concurrency', max: 1 }))).toBe(true);
});
