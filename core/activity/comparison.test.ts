import { expect, test } from 'vitest';
import { costCompared, spanCompared } from './comparison.ts';

test.each([
  ['>0.5', { sign: '>', amount: '0.5' }],
  ['<=$2', { sign: '<=', amount: '2' }],
  ['>=0.000000001', { sign: '>=', amount: '0.000000001' }],
  ['0.5', null],
  ['>', null],
  ['>-1', null],
  ['>1e3', null],
  ['>0.5s', null],
  ['=1', null],
  ['>0.5 or true', null],
])('a cost is compared by %s', (text, of) => expect(costCompared(text)).toEqual(of));

test.each([
  ['>30s', { sign: '>', amount: '30000' }],
  ['<1.5m', { sign: '<', amount: '90000' }],
  ['>=2h', { sign: '>=', amount: '7200000' }],
  ['<500ms', { sign: '<', amount: '500' }],
  ['>1d', { sign: '>', amount: '86400000' }],
  ['>30', { sign: '>', amount: '30000' }],
  ['>$30', null],
  ['30s', null],
  ['>30 s', null],
  ['>30w', null],
])('a span is compared by %s', (text, of) => expect(spanCompared(text)).toEqual(of));
