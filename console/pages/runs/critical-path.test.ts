import { expect, test } from 'vitest';
import { criticalPath } from './critical-path.ts';

const step = (id: string, from_s: number, to_s: number | null, parent_step_id: string | null = null) => ({
  id,
  parent_step_id,
  started_at: new Date(from_s * 1_000).toISOString(),
  ended_at: to_s === null ? null : new Date(to_s * 1_000).toISOString(),
  cost_usd: null,
});

test('of steps side by side, the one that the next one waited for is on the path', () => {
  const steps = [step('plan', 0, 2), step('quick', 2, 3), step('slow', 2, 6), step('answer', 6, 9)];
  expect([...criticalPath(steps, 9_000)].sort()).toEqual(['answer', 'plan', 'slow']);
});

test('a step that holds others is on it with those of its parts that are', () => {
  const steps = [step('outer', 0, 5), step('a', 0, 1, 'outer'), step('b', 0, 5, 'outer'), step('aside', 0, 4)];
  expect([...criticalPath(steps, 5_000)].sort()).toEqual(['b', 'outer']);
});

test('what is under way ends now', () => {
  expect([...criticalPath([step('done', 0, 1), step('going', 1, null)], 8_000)].sort()).toEqual(['done', 'going']);
});
