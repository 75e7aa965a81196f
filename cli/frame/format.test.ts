import { describe, expect, test } from 'vitest';
import { ago, amount, duration, money, oneLine, percent, plain, said } from './format.ts';

describe('money is never rounded to nothing, and never dust', () => {
  test.each([
    ['1234.500000000', '$1,234.50'],
    ['0.412000000', '$0.412'],
    ['0.41', '$0.41'],
    ['0.5', '$0.50'],
    ['0.0042', '$0.0042'],
    ['0.004120000', '$0.0041'],
    ['0.000012345', '$0.000012'],
    ['0.0000004', '<$0.000001'],
    ['0', '$0'],
    ['0.9999', '$1.00'],
    ['1234567.891', '$1,234,567.89'],
  ])('%s', (usd, shown) => expect(money(usd)).toBe(shown));
  test('what is unknown is not zero', () => expect(money(null)).toBe('price unknown'));
});

test('numbers, shares and times read like a person would say them', () => {
  expect([842, 9999, 12_300, 1_200_000].map(amount)).toEqual(['842', '9,999', '12.3k', '1.2M']);
  expect([percent(80, 100), percent(104, 100), percent(1, 1000), percent(0, 10)]).toEqual([
    '80 %',
    '104 %',
    '<1 %',
    '0 %',
  ]);
  expect([842, 3_400, 125_000, 4_320_000, 273_600_000].map(duration)).toEqual([
    '842 ms',
    '3.4 s',
    '2 m 05 s',
    '1 h 12 m',
    '3 d 4 h',
  ]);
  const now = Date.parse('2026-11-22T12:00:00Z');
  expect(ago('2026-11-22T11:56:00.000Z', now)).toBe('4 min ago');
  expect(ago('2026-11-20T14:03:00.000Z', now)).toBe('2026-11-20 14:03');
});

test('text of others moves no cursor, sets no title and hides nothing', () => {
  expect(plain('\u001b[31mred\u001b[0m \u001b]0;title\u0007now \u009b2Jgone\u0000\u202eflip')).toBe(
    'red now gone' + 'flip',
  );
  expect(oneLine('a\u001b[2K\r\n  b')).toBe('a b');
});

test('money in a sentence of the API is written as people read it, and nothing else of it is touched', () => {
  const text = 'cost: 0.999995000 used and 0.010802500 reserved of 1234.500000000 usd in 7 steps, may need $1200.0003';
  expect(said(text)).toBe('cost: $1.00 used and $0.011 reserved of $1,234.50 in 7 steps, may need $1,200.00');
});
