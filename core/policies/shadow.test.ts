import { expect, test } from 'vitest';
import { shadowDoubts } from './shadow.ts';

const day_ms = 86_400_000;

test('a policy that was in shadow for a day, looked at fifty calls and was never wrong has nothing against it', () => {
  expect(shadowDoubts({ shadow_ms: day_ms, evaluated: 50, wrong: 0 })).toEqual([]);
  expect(shadowDoubts({ shadow_ms: day_ms, evaluated: null, wrong: 0 })).toEqual([]);
});

test('too little time, too few calls and every wrong stop are said, each by itself', () => {
  expect(shadowDoubts({ shadow_ms: day_ms - 1, evaluated: 50, wrong: 0 })).toEqual([
    'It has been in shadow as it is now for less than 24 hours.',
  ]);
  expect(shadowDoubts({ shadow_ms: day_ms, evaluated: 49, wrong: 0 })).toEqual([
    'It has looked at 49 calls only, which is less than 50.',
  ]);
  expect(shadowDoubts({ shadow_ms: 0, evaluated: 1, wrong: 2 })).toHaveLength(3);
});
