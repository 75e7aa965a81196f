import { longest_override_h } from '@aos/core/policies/override.ts';
import { expect, test } from 'vitest';
import { lastingOf, longest_raise_h, raiseOf } from './raise.ts';

const limit = { id: 'ctl_1', policy_id: 'pol_1', generated_at: '2026-12-01T00:00:00.000Z' };
const gauge = (end: string | null) => ({ subject: '*', unit: 'usd', window: { start: null, end } });
const asked = { amount: '5', hours: null, reason: 'One more import' };

test('a raise for the rest of a window ends with it', () => {
  const body = { control_id: 'ctl_1', amount: '5', expires_at: '2026-12-08T00:00:00.000Z', reason: 'One more import' };
  expect(raiseOf(limit, gauge('2026-12-08T00:00:00.000Z'), asked).body).toEqual(body);
});

test('and lasts as long as any raise may where its window ends later', () => {
  expect(longest_raise_h).toBe(longest_override_h);
  const month = gauge('2027-01-01T00:00:00.000Z');
  expect(lastingOf(limit, month)).toBe('week');
  expect(raiseOf(limit, month, asked).body).toMatchObject({ hours: longest_override_h });
  expect(raiseOf(limit, month, asked).body).not.toHaveProperty('expires_at');
});

test('a raise of a limit whose window does not end lasts for a day', () => {
  expect(raiseOf(limit, gauge(null), asked).body).toMatchObject({ hours: 24 });
});
