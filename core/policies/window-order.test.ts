import { expect, test } from 'vitest';
import type { Other } from './beside.ts';
import { policy_document } from './policy.ts';
import { windowOrder } from './window-order.ts';

const cost = (max: string, per: string, more: object = {}) => ({
  limit: { type: 'cost_usd', max, window: { per }, ...more },
  action: 'block',
});
const policy = (controls: object[], more: object = {}) =>
  policy_document.parse({ name: 'Mine', target: { kind: 'agent', ids: ['bot'] }, controls, ...more });
const other = (controls: object[], more: object = {}): Other => ({
  id: 'pol_2',
  document: { ...policy(controls, more), name: 'Theirs' },
});
const told = (of: ReturnType<typeof policy>, ...others: Other[]) =>
  windowOrder(of, others).map(({ message }) => message);

test('a day that allows more than the month of the same target is told with both numbers, from either side', () => {
  expect(told(policy([cost('100', 'day')], { mode: 'shadow' }), other([cost('50', 'month')]))).toEqual([
    'controls[0]: its $100.00 in one day (UTC) is more than the $50.00 in one month (UTC) of policy "Theirs" (pol_2): the longer window is used up first',
  ]);
  expect(told(policy([cost('50', 'month')]), other([cost('100', 'day')]))).toEqual([
    'controls[0]: its $50.00 in one month (UTC) is less than the $100.00 in one day (UTC) of policy "Theirs" (pol_2): the longer window is used up first',
  ]);
  expect(told(policy([cost('50', 'month'), cost('100', 'day')]))[0]).toContain('controls[1]: its $100.00');
});

test('nothing is told of windows in order, of other targets, of what is counted otherwise and of a shadow', () => {
  const month = cost('50', 'month');
  expect(told(policy([cost('5', 'day')]), other([month]))).toEqual([]);
  expect(told(policy([cost('100', 'day')]), other([month], { target: { kind: 'agent', ids: ['cat'] } }))).toEqual([]);
  expect(told(policy([cost('100', 'day')]), other([month], { mode: 'shadow' }))).toEqual([]);
  expect(told(policy([cost('100', 'day')]), other([{ ...month, action: 'warn' }]))).toEqual([]);
  expect(told(policy([cost('100', 'day', { count_per: 'actor' })]), other([month]))).toEqual([]);
});
