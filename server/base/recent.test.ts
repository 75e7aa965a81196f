import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('of what was noted the latest 500 count, each name by itself', () => {
  const recent = new Recent();
  expect(recent.quantile('a', 0.95)).toBeNull();
  for (let n = 1; n <= 100; n++) recent.note('a', n);
  recent.note('b', 7);
  expect([recent.quantile('a', 0.95), recent.quantile('a', 0.5), recent.quantile('b', 0.95)]).toEqual([95, 50, 7]);
  for (let n = 0; n < 500; n++) recent.note('a', 1_000);
  expect(recent.quantile('a', 0)).toBe(1_000);
});

test('of 500 names the one that was noted longest ago makes room', () => {
  const recent = new Recent();
  for (let n = 0; n < 500; n++) recent.note(`${n}`, n);
  recent.note('0', 3);
  recent.note('new', 4);
  expect(['0', '1', '2', 'new'].map((name) => recent.quantile(name, 1))).toEqual([3, null, 2, 4]);
});
