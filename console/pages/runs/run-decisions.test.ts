import { expect, test } from 'vitest';
import type { Decision } from '../../parts/DecisionWords.tsx';
import { decidedOf, knownOf } from './run-decisions.ts';

const blocked = { id: 'dec_1', verdict: 'block', contributions: [] } as unknown as Decision;
const items = [blocked];

test('decisions that are not read are not told as none', () => {
  expect(decidedOf({ data: undefined, isError: false })).toBe('being read');
  expect(decidedOf({ data: undefined, isError: true })).toBe('could not be read');
  expect(decidedOf({ data: { items: [] }, isError: false })).toEqual([]);
});

test('what was read before outlives a reading that fails', () =>
  expect(decidedOf({ data: { items }, isError: true })).toBe(items));

test('only what is read is known', () => {
  expect(knownOf('being read')).toEqual([]);
  expect(knownOf(items)).toBe(items);
});
