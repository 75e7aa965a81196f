import { expect, test } from 'vitest';
import { between, changeOf, windowOf } from './new-past.ts';

test('the past of a preview is so many hours, or from a moment to a later one', () => {
  const [from, to] = ['2026-11-01T00:00:00.000Z', '2026-11-08T12:30:00.000Z'];
  expect(windowOf({ hours: '24', from: '', to: '' })).toEqual({ hours: 24 });
  expect(windowOf({ hours: between, from, to })).toEqual({ from, to });
  expect(windowOf({ hours: between, from: to, to: from })).toBe('The end must come after the beginning.');
  expect(windowOf({ hours: between, from: '', to })).toBe('Say from when.');
  expect(windowOf({ hours: between, from, to: '' })).toBe('Say until when.');
});

test('runs that a change leaves alone are those stopped as before and those that go on as before', () => {
  const runs = { newly_stopped: 3, no_longer_stopped: 2, still_stopped: 4, unchanged: 1_191 };
  const diff = {
    policy_id: 'pol_1',
    version: 7,
    calls: runs,
    runs,
    newly_stopped_runs: [],
    no_longer_stopped_runs: [],
  };
  expect(changeOf(diff)).toBe(
    'Against the policy as it is (v7): 3 runs newly stopped, 2 no longer stopped, 1,195 unchanged (4 of them stopped as before).',
  );
});
