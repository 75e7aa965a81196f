import fc from 'fast-check';
import { expect, test } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const choices = [
  'tokens_input',
  'tokens_output',
  'tokens_total',
  'cost_usd',
  'requests',
  'rolling_seconds',
  'timezone',
  'max',
];

test.each([
  ['cost_used', 'cost_usd'],
  ['costUsd', 'cost_usd'],
  ['COST-USD', 'cost_usd'],
  ['token_totals', 'tokens_total'],
  ['request', 'requests'],
  ['timezon', 'timezone'],
  ['tiemzone', 'timezone'],
  ['rolling', 'rolling_seconds'],
  ['maximum', 'max'],
  ['maxx', 'max'],
])('%s means %s', (word, meant) => {
  expect(nearest(word, choices)).toBe(meant);
});

test.each(['', '___', 'banana', 'tokens', 'x', 'a'.repeat(200)])('%s is near to none of them', (word) => {
  expect(nearest(word, choices)).toBeNull();
  expect(didYouMean(word, choices)).toBe('');
});

test('one edit away from a long word is always found, whatever else there is to choose from', () => {
  const word = fc.stringMatching(/^[a-z]{6,20}$/);
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (words, which, at) => {
      const meant = words[which % words.length] ?? '';
      const cut = at % meant.length;
      const misspelled = meant.slice(0, cut) + meant.slice(cut + 1);
      expect(nearest(misspelled, words)).not.toBeNull();
      expect(nearest(meant, words)).toBe(meant);
    }),
  );
});
