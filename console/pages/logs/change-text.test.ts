import { expect, test } from 'vitest';
import { changeText } from './change-text.ts';

test('what changed stands in one line, and what did not is left out', () => {
  expect(changeText({ status: 'running', n: 1 }, { status: 'cancelled', n: 1 })).toBe('status: running → cancelled');
  expect(changeText(null, { name: 'Cap', tiers: [50] })).toBe('name: Cap, tiers: [50]');
  expect(changeText({ name: 'Cap' }, null)).toBe('name: Cap → none');
  expect(changeText(null, null)).toBe('');
  expect(changeText(null, { id: 'alr_1', text: 'Full' }, ['alr_1'])).toBe('text: Full');
  expect(changeText({ id: 'a' }, { id: 'alr_1' }, ['alr_1'])).toBe('id: a → alr_1');
});
