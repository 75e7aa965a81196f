import { expect, test } from 'vitest';
import type { ChosenModel } from './models.ts';
import { usageRefusalsOf } from './usage-asked.ts';

const modelOf = (name: string, base_url = 'http://a/v1') =>
  ({ provider: { id: 'prv_1', base_url }, name }) as ChosenModel;

test('a refusal is remembered for an hour, of one model at one address', () => {
  let at_ms = 0;
  const clock = { now: () => 0, follow: () => undefined, monotonic: () => at_ms };
  const refusals = usageRefusalsOf({ clock });
  refusals.add(modelOf('m'));
  at_ms = 3_599_999;
  expect(usageRefusalsOf({ clock }).has(modelOf('m'))).toBe(true);
  expect([refusals.has(modelOf('n')), refusals.has(modelOf('m', 'http://b/v1'))]).toEqual([false, false]);
  at_ms++;
  expect(refusals.has(modelOf('m'))).toBe(false);
});

test('of names that callers make up only so many are kept', () => {
  const clock = { now: () => 0, follow: () => undefined, monotonic: () => 0 };
  const refusals = usageRefusalsOf({ clock });
  for (let n = 0; n <= 1_000; n++) refusals.add(modelOf(`m${n}`));
  expect([refusals.has(modelOf('m0')), refusals.has(modelOf('m1000'))]).toEqual([false, true]);
});
