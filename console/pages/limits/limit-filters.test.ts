import { expect, test } from 'vitest';
import { facetsOf, isAsked } from './limit-filters.ts';

const daily = {
  unit: 'usd',
  window: 'per day, UTC',
  target: 'agent support-bot',
  effect: 'Hard stop',
  tone: 'warn',
} as const;
const rate = { unit: 'requests', window: 'any 60 s', target: 'key web', effect: 'Hold', tone: 'info' } as const;

test('filters have the values that there are', () => {
  expect(facetsOf([daily, rate]).map(({ name, choices }) => [name, choices])).toEqual([
    ['state', ['near', 'ok']],
    ['unit', ['requests', 'usd']],
    ['window', ['any 60 s', 'per day, UTC']],
    ['target', ['agent', 'key']],
    ['effect', ['Hard stop', 'Hold']],
  ]);
});

test('of each filter one of its values is enough, and every filter counts', () => {
  expect(isAsked(daily, { state: ['near', 'over'], unit: [] })).toBe(true);
  expect(isAsked(daily, { state: ['near'], target: ['key'] })).toBe(false);
  expect(isAsked(rate, {})).toBe(true);
});
