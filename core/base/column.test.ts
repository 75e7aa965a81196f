import fc from 'fast-check';
import { expect, test } from 'vitest';
import { count, usd } from './column.ts';
import { consoleUrl } from './link.ts';
import { usdOfNano } from './money.ts';

test('a bigint of the database becomes the same number, and one that a number cannot hold is refused', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (n) => {
      expect(count.parse(String(n))).toBe(n);
    }),
  );
  expect(count.safeParse('9007199254740993').success).toBe(false);
  expect(count.safeParse('-1').success).toBe(false);
  expect(count.safeParse('').success).toBe(false);
  expect(count.safeParse(null).success).toBe(false);
});

test('money keeps every digit and is written with nine places', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }), (nano) => {
      const text = usdOfNano(nano);
      expect(usd.parse(text)).toBe(text);
      expect(usd.parse(text.replace(/\.?0+$/, '') || '0')).toBe(text);
    }),
  );
  expect(usd.parse('0')).toBe('0.000000000');
  expect(usd.safeParse(0.1).success).toBe(false);
  expect(usd.safeParse('1e3').success).toBe(false);
});

test.each([
  ['run_x', '/runs/run_x'],
  ['inc_x', '/incidents/inc_x'],
  ['dec_x', '/d/dec_x'],
  ['pol_x', '/policies/pol_x'],
  ['rec_x', '/go/rec_x'],
  ['SYSTEM_DEFAULT', '/go/SYSTEM_DEFAULT'],
])('%s is shown at %s', (id, path) => {
  expect(consoleUrl('https://aos.test', id)).toBe(`https://aos.test${path}`);
});
