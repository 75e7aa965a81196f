import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertWindow, markOf, runsOut, tiersCrossed, tiersOf, tiersReached } from './alert.ts';
import { alert_settings, channelsOf, tellableAt } from './alert-settings.ts';
import { whyUnusable } from './channel.ts';
import { control } from './control.ts';
import { waitAfter } from './delivery.ts';

const amount = fc.bigInt({ min: 0n, max: 2n ** 60n });
const tiers = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 });

describe('tiers', () => {
  test('are passed exactly once on any way up, in steps of any size', () => {
    fc.assert(
      fc.property(
        tiers,
        fc.bigInt({ min: 1n, max: 2n ** 40n }),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 38n })),
        (all, max, steps) => {
          let used = 0n;
          const passed: number[] = [];
          for (const step of steps) {
            passed.push(...tiersCrossed(all, max, used, used + step));
            used += step;
          }
          expect(passed.sort((a, b) => a - b)).toEqual(tiersReached(all, max, used).sort((a, b) => a - b));
        },
      ),
    );
  });

  test('are told once however a balance goes up and down, when what was told is not told again', () => {
    fc.assert(
      fc.property(tiers, amount, fc.array(amount), (all, max, heights) => {
        const told = new Set<number>();
        let before = 0n;
        let highest = 0n;
        for (const height of heights) {
          for (const tier of tiersCrossed(all, max, before, height)) told.add(tier);
          before = height;
          if (height > highest) highest = height;
        }
        const reached = tiersReached(all, max, highest).filter((tier) => markOf(tier, max) > 0n);
        expect([...told].sort()).toEqual(reached.sort());
      }),
    );
  });

  test('are reached exactly at their part of the limit, and not a unit earlier', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.bigInt({ min: 1n, max: 2n ** 60n }), (tier, max) => {
        const mark = markOf(tier, max);
        expect(mark * 100n >= max * BigInt(tier)).toBe(true);
        expect((mark - 1n) * 100n < max * BigInt(tier)).toBe(true);
      }),
    );
  });

  test('of a control always hold the whole limit, unless its alerts are switched off', () => {
    const of = (alerts: object | undefined) => {
      const limit = { type: 'requests', max: 1, window: { per: 'day' } };
      const { id: _, ...parsed } = control.parse({ limit, alerts, action: 'block' });
      return tiersOf(parsed);
    };
    expect(of(undefined)).toEqual([100]);
    expect(of({})).toEqual([50, 70, 90, 100]);
    expect(of({ tiers: [90, 10, 90] })).toEqual([10, 90, 100]);
    expect(of({ enabled: false })).toEqual([]);
  });
});

test('the window of an alert is the one that the policy names; what rolls is cut in stretches of its length', () => {
  const at_ms = Date.parse('2026-03-04T05:06:07.000Z');
  const shown = (limit: object) => {
    const { start_ms, end_ms } = alertWindow({ type: 'requests', max: 1, count_per: 'together', ...limit }, at_ms);
    return [new Date(start_ms).toISOString(), end_ms === null ? null : new Date(end_ms).toISOString()];
  };
  expect(shown({ window: { per: 'day', timezone: 'UTC' } })).toEqual([
    '2026-03-04T00:00:00.000Z',
    '2026-03-05T00:00:00.000Z',
  ]);
  expect(shown({ window: { per: 'minute', timezone: 'UTC' } })).toEqual([
    '2026-03-04T05:06:00.000Z',
    '2026-03-04T05:07:00.000Z',
  ]);
  expect(shown({ window: { rolling_seconds: 3600 } })).toEqual([
    '2026-03-04T05:00:00.000Z',
    '2026-03-04T06:00:00.000Z',
  ]);
  expect(shown({ window: { per: 'run' } })).toEqual(['1970-01-01T00:00:00.000Z', null]);
  expect(shown({ type: 'concurrency' })).toEqual(['2026-03-04T00:00:00.000Z', '2026-03-05T00:00:00.000Z']);
});

test('a limit runs out early when it empties within the hours asked for, and a tenth of it is used', () => {
  const hour_ms = 3_600_000;
  expect(runsOut({ used: 50n, max: 100n, empties_at_ms: 2 * hour_ms }, 2, 0)).toBe(true);
  expect(runsOut({ used: 50n, max: 100n, empties_at_ms: 2 * hour_ms + 1 }, 2, 0)).toBe(false);
  expect(runsOut({ used: 9n, max: 100n, empties_at_ms: 1 }, 2, 0)).toBe(false);
  expect(runsOut({ used: 100n, max: 100n, empties_at_ms: 0 }, 2, 0)).toBe(false);
  expect(runsOut({ used: 50n, max: 100n, empties_at_ms: null }, 2, 0)).toBe(false);
});

test('attempts are made over about a day, each wait near the suggested one, and then no more', () => {
  const waits = Array.from({ length: 9 }, (_, n) => waitAfter(n + 1, 0.5));
  expect(waits.map((ms) => ms && ms / 1000)).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000, null, null]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, chance) => {
      const middle = waits[n - 1] ?? 0;
      const wait = waitAfter(n, chance) ?? 0;
      expect(wait).toBeGreaterThanOrEqual(middle * 0.8 - 1);
      expect(wait).toBeLessThanOrEqual(middle * 1.2 + 1);
    }),
  );
});

test('a channel that cannot be used is named with the reason', () => {
  const at = '2026-01-01T00:00:00.000Z';
  const channels = [
    { slug: 'good', id: 'chn_1', enabled: true, tested_at: at },
    { slug: 'off', id: 'chn_2', enabled: false, tested_at: at },
    { slug: 'new', id: 'chn_3', enabled: true, tested_at: null },
  ];
  expect(whyUnusable('good', channels)).toBeNull();
  expect(whyUnusable('chn_1', channels)).toBeNull();
  expect(whyUnusable('off', channels)).toContain('disabled');
  expect(whyUnusable('new', channels)).toContain('POST /api/v1/channels/new/test');
  expect(whyUnusable('none', channels)).toContain('no channel "none"');
});

describe('settings', () => {
  const limit = { type: 'requests', max: 1, window: { per: 'day' } };
  const refused = (alerts: object, more: object = {}) =>
    control
      .safeParse({ limit, alerts, action: 'block', ...more })
      .error?.issues.map(({ path, message }) => [path.join('.'), message]);

  test('name channels for tiers that there are, the others and forecasts are told over the usual ones', () => {
    const of = alert_settings.parse({ tiers: [50, 90], channels: ['ops'], tier_channels: { '90': ['pager'] } });
    expect([50, 90, 100, null].map((tier) => channelsOf(of, tier))).toEqual([['ops'], ['pager'], ['ops'], ['ops']]);
    expect(refused({ tiers: [50], tier_channels: { '50': ['a'], '100': ['b'] } })).toBeUndefined();
    expect(refused({ tiers: [50], tier_channels: { '60': ['a'] } })).toEqual([
      ['alerts.tier_channels.60', 'is none of the tiers: 50, 100'],
    ]);
  });

  test('repeat only what can stay reached for a time of its own', () => {
    expect(refused({ repeat_minutes: 30 })).toBeUndefined();
    expect(refused({ repeat_minutes: 30 }, { limit: { ...limit, window: { rolling_seconds: 90 } } })).toBeUndefined();
    for (const of of [
      { type: 'steps', max: 9, window: { per: 'run' } },
      { type: 'cost_usd', max: 9, window: { per: 'session' } },
      { type: 'concurrency', max: 9 },
      { type: 'duration', max: 9, window: { per: 'run' } },
    ])
      expect(refused({ repeat_minutes: 30 }, { limit: of })).toEqual([
        ['alerts.repeat_minutes', expect.stringContaining('needs a limit over a time')],
      ]);
  });

  test('let tiers below the whole limit wait for the end of quiet hours, and never the whole limit', () => {
    const of = alert_settings.parse({ quiet_hours: { from: '22:00', to: '07:00', timezone: 'Europe/Paris' } });
    const night_ms = Date.parse('2026-01-10T22:30:00.000Z');
    const morning_ms = Date.parse('2026-01-11T06:00:00.000Z');
    expect([50, null, 100].map((tier) => tellableAt(of, tier, night_ms))).toEqual([morning_ms, morning_ms, night_ms]);
    expect(tellableAt(of, 50, morning_ms)).toBe(morning_ms);
    expect(tellableAt(undefined, 50, night_ms)).toBe(night_ms);
  });
});
