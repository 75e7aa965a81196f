import { expect, test } from 'vitest';
import { mergeSlices, sliceOf } from './list.ts';

const rows = (n: number, from = 0) => Array.from({ length: n }, (_, at) => ({ id: `evt_${1_000 - from - at}` }));

test('a count that was given up says no more than was seen, and one that went beyond says how far', () => {
  expect(sliceOf(rows(3), 2, null)).toMatchObject({ total: null, total_at_least: 3 });
  expect(sliceOf(rows(3), 2, 10_001)).toMatchObject({ total: null, total_at_least: 10_000 });
  expect(sliceOf(rows(3), 2, 10_000)).toMatchObject({ total: 10_000, total_at_least: 10_000 });
});

test('of lists read together the total is known where each is', () => {
  const [known, given_up] = [sliceOf(rows(2), 2, 40), sliceOf(rows(3, 2), 2, null)];
  expect(mergeSlices([known, sliceOf(rows(1, 2), 2, 1)], 2)).toMatchObject({ total: 41, total_at_least: 41 });
  expect(mergeSlices([known, given_up], 2)).toMatchObject({ total: null, total_at_least: 43 });
});
