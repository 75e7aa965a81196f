import { expect, test } from 'vitest';
import type { Gauge, Limit } from './gauge.ts';
import { limitsOf, stateOf } from './limit-state.ts';

const decided_at = '2026-11-29T12:03:11.000Z';
const amounts = { unit: 'usd', limit: '1.000000000', used: '1.000000000', reserved: '0.250000000', remaining: '0' };
const of = { control_id: 'ctl_1', subject: '*', ...amounts } as never;
const today = { subject: '*', posted: '0.000150000', pending: '0', cap: '1.000000000' } as Gauge;
const limit = (...items: Gauge[]) => ({ mode: 'enforce', alert_tiers: [], items }) as unknown as Limit;
const named = { of, decided_at };

test('a limit on a run that goes on is shown as it is now', () =>
  expect(stateOf(limit(today), named, false)).toMatchObject([{ gauge: today, as_of: null, now: null }]));

test('a limit on a run that has ended is shown as it was decided by, with what it is now beside that', () => {
  const [state] = stateOf(limit(today), named, true);
  expect(state).toMatchObject({ as_of: decided_at, now: today });
  expect(state?.gauge).toMatchObject({ posted: '1.000000000', pending: '0.250000000', cap: '1.000000000' });
  expect(state?.fill).toEqual({ used: 1, held: 0.25, tone: 'crit' });
});

test('a balance that is over with its run is shown as it was', () =>
  expect(stateOf(limit(), named, false)).toMatchObject([{ as_of: decided_at, now: null }]));

test('a limit that was not evaluated then is shown as it is now', () => {
  const unread = { of: { ...amounts, used: null } as never, decided_at };
  expect(stateOf(limit(today), unread, true)).toMatchObject([{ gauge: today, as_of: null }]);
});

test('of several decisions the latest counts, which comes first', () => {
  const later = '2026-11-29T12:04:00.000Z';
  expect(
    limitsOf([
      { contributions: [of], decided_at: later },
      { contributions: [of], decided_at },
    ]),
  ).toEqual([{ of, decided_at: later }]);
});
