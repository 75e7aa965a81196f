import { expect, test } from 'vitest';
import { sumUsd } from './money-sum.ts';

test('amounts are added exactly, also where floating point would not', () => {
  expect(sumUsd(['0.1', '0.2'])).toBe('0.300000000');
  expect(sumUsd(['12.000000001', '0.999999999'])).toBe('13.000000000');
  expect(sumUsd([])).toBe('0.000000000');
});
