import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasWrongChecksum, hintOf, key_shape, makeKeyText } from './key-text.ts';

const make = () => makeKeyText('live', (bytes) => randomBytes(bytes));

describe('the text of a key', () => {
  test('has its form, its checksum, and is never the same', () => {
    const keys = Array.from({ length: 1000 }, make);
    expect(new Set(keys).size).toBe(1000);
    for (const key of keys) {
      expect(key).toMatch(/^aos_live_[0-9A-Za-z]{38}$/);
      expect(key).toMatch(key_shape);
      expect(hasWrongChecksum(key)).toBe(false);
    }
  });

  test('ends with the CRC-32 that everybody computes', () => {
    // CRC-32 of "aos_live_" and 32 times "0", by zlib, in base 62.
    const text = makeKeyText('live', (bytes) => new Uint8Array(bytes));
    const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = [...text.slice(-6)].reduce((sum, letter) => sum * 62 + letters.indexOf(letter), 0);
    expect(value).toBe(2_524_566_672);
  });

  test('one wrong, missing or swapped character is noticed', () => {
    const key = make();
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...'0aZ'), (at, letter) => {
        fc.pre(key[at] !== letter && at >= 4);
        expect(hasWrongChecksum(key.slice(0, at) + letter + key.slice(at + 1))).toBe(true);
        expect(hasWrongChecksum(key.slice(0, at) + key.slice(at + 1))).toBe(true);
      }),
    );
  });

  test('a key that does not claim to be ours has no checksum to be wrong', () => {
    expect(hasWrongChecksum('any-visible-characters-of-an-operator')).toBe(false);
    expect(hasWrongChecksum('aos_')).toBe(true);
  });

  test('the hint shows twelve characters and no more', () => {
    const key = make();
    expect(hintOf(key)).toBe(`${key.slice(0, 8)}…${key.slice(-4)}`);
  });
});
