import { afterEach, expect, test, vi } from 'vitest';
import { makeId } from './deps.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('ids are made once each and sort as they were made, within a millisecond and when the clock goes back', () => {
  vi.useFakeTimers({ now: Date.UTC(2031, 0, 1) });
  const ids: string[] = [];
  for (let n = 0; n < 5_000; n++) {
    ids.push(makeId('run'));
    if (n === 2_000) vi.setSystemTime(Date.UTC(2030, 0, 1));
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});
