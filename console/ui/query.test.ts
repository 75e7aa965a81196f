import { expect, test } from 'vitest';
import { written } from './query.ts';

const names = ['agent', 'status', 'cost', 'q'];

test('filters, comparisons and text stand in one line', () =>
  expect(written('agent:support-bot status:failed_policy cost:>0.5 "timeout"', names)).toEqual({
    pairs: [
      ['agent', 'support-bot'],
      ['status', 'failed_policy'],
      ['cost', '>0.5'],
    ],
    text: 'timeout',
    unknown: undefined,
  }));

test('quotes hold spaces and colons together, of values and of text', () =>
  expect(written('agent:"the bot" "see: this" now', names)).toEqual({
    pairs: [['agent', 'the bot']],
    text: 'see: this now',
    unknown: undefined,
  }));

test('a name that is no filter is said, and what is empty is nothing', () => {
  expect(written('agnet:x', names).unknown).toBe('agnet');
  expect(written('agent:"" ""', names)).toEqual({ pairs: [], text: '', unknown: undefined });
});
