import { expect, test } from 'vitest';
import { totalText } from './total.ts';

test('a total is said exactly, and what is not known exactly as at least so many', () => {
  expect(totalText({ total: 12_431, total_at_least: 12_431 })).toBe('12,431');
  expect(totalText({ total: 0, total_at_least: 0 })).toBe('0');
  expect(totalText({ total: null, total_at_least: 10_000 })).toBe('≥ 10,000');
  expect(totalText({ total: null, total_at_least: 201 })).toBe('≥ 201');
});
