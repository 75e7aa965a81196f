import { describe, expect, test } from 'vitest';
import {
  amountsIn,
  amountText,
  countText,
  durationText,
  exactMoney,
  instantsIn,
  moneyText,
  percentText,
  relativeText,
  shortId,
} from './format.ts';

describe('money', () => {
  test.each([
    ['1234.500000000', '$1,234.50'],
    ['0.412000000', '$0.412'],
    ['0.400000000', '$0.40'],
    ['0.089700000', '$0.090'],
    ['0.090000000', '$0.09'],
    ['0.004180000', '$0.0042'],
    ['0.000012300', '$0.000012'],
    ['0.000099990', '$0.00010'],
    ['0.000000400', '<$0.000001'],
    ['0.000000000', '$0.00'],
    ['-0.250000000', '−$0.25'],
    ['0.995847500', '$0.996'],
    ['0.999900000', '$1.00'],
    [12, '$12.00'],
  ])('%s is %s', (usd, text) => expect(moneyText(usd)).toBe(text));

  test('whose price is unknown is never zero', () => expect(moneyText(null)).toBe('price unknown'));
  test('on a card is short from ten thousand on', () => expect(moneyText('12400.00', true)).toBe('$12.4k'));
});

test.each([
  [842, '842'],
  [9_999, '9,999'],
  [12_400, '12.4k'],
  [28_000, '28k'],
  [27_960, '28.0k'],
  [1_200_000, '1.2M'],
])('the count %d is %s', (count, text) => expect(countText(count)).toBe(text));

test.each([
  [842, '842 ms'],
  [3_400, '3.4 s'],
  [125_000, '2 m 05 s'],
  [4_320_000, '1 h 12 m'],
  [273_600_000, '3 d 4 h'],
])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  [0.004, '<1 %'],
  [0.999, '99 %'],
  [1.04, '104 %'],
  [0, '0 %'],
])('the share %d is %s', (share, text) => expect(percentText(share)).toBe(text));

test('a time is relative within a day and a date after it', () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);
  expect(relativeText(now - 240_000, now)).toBe('4 min ago');
  expect(relativeText(now + 7_200_000, now)).toBe('in 2 h');
  expect(relativeText(now + 14_399_000, now)).toBe('in 4 h');
  expect(relativeText(now + 3_590_000, now)).toBe('in 1 h');
  expect(relativeText(now - 14_399_000, now)).toBe('3 h ago');
  expect(relativeText(now - 90_000_000, now)).toBe('Nov 21, 11:00');
});

test('a sentence is cut at its exact money and nowhere else', () => {
  expect(amountsIn('cost: 0.999992500 used of 1.000000000 usd, 0.000040500 asked')).toEqual([
    ...['cost: ', { usd: '0.999992500' }, ' used of ', { usd: '1.000000000' }, ', ', { usd: '0.000040500' }, ' asked'],
  ]);
  expect(amountsIn('a limit of $12.50 in 1.5 s, which may need $1200.0003. Or $1,234.50')).toEqual([
    ...['a limit of ', { usd: '12.50' }, ' in 1.5 s, which may need ', { usd: '1200.0003' }, '. Or $1,234.50'],
  ]);
  expect(amountsIn('0.500000000 usd_per_minute')).toEqual(['', { usd: '0.500000000' }, ' a minute']);
  expect(amountsIn('steps: 15 used of 15 steps, 1.5 s')).toEqual(['steps: 15 used of 15 steps, 1.5 s']);
});

test('exact money keeps its cents and every place that says something', () => {
  expect(['2.500000000', '1.000000000', '0.010802500', '0.999995000', '12'].map(exactMoney)).toEqual([
    ...['2.50', '1.00', '0.0108025', '0.999995', '12'],
  ]);
});

test('a sentence is cut at its instants and nowhere else', () => {
  expect(instantsIn('Acknowledged until 2026-11-30T02:03:39.719Z, on 2026-11-29')).toEqual([
    ...['Acknowledged until ', { at: '2026-11-30T02:03:39.719Z' }, ', on 2026-11-29'],
  ]);
});

test('an id keeps its prefix and its end', () =>
  expect(shortId('run_01jd84kq2m9v8c7b6a5z4y3x2w')).toBe('run_01jd…4y3x2w'));

test('an amount is money only in dollars', () => {
  expect(amountText('50.000000000', 'usd')).toBe('$50.00');
  expect(amountText(50_000, 'tokens')).toBe('50k');
});
