import { afterEach, expect, test, vi } from 'vitest';
import { realClock } from './deps.ts';

afterEach(() => void vi.useRealTimers());

/** Sets the clock of the machine; what counts on from its start is not touched. */
const setClock = (at_ms: number) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(at_ms);
};

const hour = 3_600_000;
const about = (at_ms: number, expected_ms: number) => expect(Math.abs(at_ms - expected_ms)).toBeLessThan(2_000);

test('the clock of the machine is set an hour on, or back: the time that windows are counted by goes on as it was', () => {
  const begun_ms = Date.now();
  const clock = realClock();
  for (const step of [hour, -hour]) {
    setClock(begun_ms + step);
    about(clock.now(), begun_ms);
    expect(Number.isInteger(clock.now())).toBe(true);
  }
});

test('the clock of the database is followed wherever it goes, whatever the machine says', () => {
  const begun_ms = Date.now();
  const clock = realClock();
  for (const step of [hour, -hour, 0]) {
    clock.follow(begun_ms + step, clock.monotonic());
    about(clock.now(), begun_ms + step);
    setClock(begun_ms + 7 * hour);
    about(clock.now(), begun_ms + step);
  }
});

test('half of the way there and back is added to what the database showed', () => {
  const clock = realClock();
  const asked_ms = clock.monotonic() - 400;
  clock.follow(1_800_000_000_000, asked_ms);
  expect(clock.now() - 1_800_000_000_000).toBeGreaterThanOrEqual(199);
  about(clock.now(), 1_800_000_000_200);
});
