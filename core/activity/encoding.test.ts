import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chargedTokens, cutPoint, isCountedAlike } from './encoding.ts';

describe('our count is the provider’s own', () => {
  test.each([
    ['openai', 'gpt-4o-mini'],
    ['openai', 'openai/gpt-5.1'],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:org::id'],
    ['openai', 'gpt-oss-120b'],
    ['openai', 'o3'],
    ['mock', 'mock-small'],
  ])('with %s, %s', (provider, model) => expect(isCountedAlike(provider, model)).toBe(true));

  test.each([
    ['openai', 'gpt-4'],
    ['openai', 'gpt-3.5-turbo'],
    ['openai', 'llama-3.3-70b'],
    ['openai', 'anthropic/claude-sonnet-4'],
    ['openai', 'my-gpt-4o'],
    ['openai', ''],
    ['anthropic', 'claude-opus-4-6'],
    ['anthropic', 'gpt-4o'],
  ])('not with %s, %s', (provider, model) => expect(isCountedAlike(provider, model)).toBe(false));
});

const paid = fc.integer({ min: 1, max: 2_147_483_647 });
const counted = fc.integer({ min: 0, max: 4_000_000_000 });

test('a provider that counts as we do is held to what is paid for, and charged what was counted', () => {
  fc.assert(
    fc.property(paid, counted, (paid, counted) => {
      expect(cutPoint(paid, true)).toBe(paid);
      expect(chargedTokens(counted, paid, true)).toBe(counted);
    }),
  );
});

test('an answer that its provider ends at its bound is not cut, and one that goes on is cut soon', () => {
  fc.assert(
    fc.property(paid, fc.double({ min: 0, max: 1.5, noNaN: true }), (paid, to_ours) => {
      expect(Math.ceil(paid * to_ours)).toBeLessThanOrEqual(cutPoint(paid, false));
      expect(cutPoint(paid, false)).toBeLessThanOrEqual(paid * 1.5 + 17);
      expect(cutPoint(paid + 1, false)).toBeGreaterThan(cutPoint(paid, false));
    }),
  );
});

test('what comes before the cut is never charged above what is paid for, and is never charged less than it is', () => {
  fc.assert(
    fc.property(paid, counted, (paid, counted) => {
      const charged = chargedTokens(counted, paid, false);
      if (counted <= paid) expect(charged).toBe(counted);
      else if (counted <= cutPoint(paid, false)) expect(charged).toBe(paid);
      // In one piece, where nothing could be cut: it was delivered, and nothing is hidden.
      else expect(charged).toBe(counted);
    }),
  );
});

test('where no limit counts output nothing is cut and nothing is capped', () => {
  for (const alike of [true, false]) {
    expect(cutPoint(Infinity, alike)).toBe(Infinity);
    expect(chargedTokens(50_000, Infinity, alike)).toBe(50_000);
  }
});
