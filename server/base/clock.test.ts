import { instantOf } from '@aos/core/base/id.ts';
import { afterEach, expect, test, vi } from 'vitest';
import { idMaker, realClock } from './deps.ts';

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

test('a slow answer moves no clock that it does not prove wrong', () => {
  const clock = realClock();
  clock.follow(1_800_000_000_000, clock.monotonic());
  for (const [shown_ms, travelled_ms] of [
    [1_800_000_000_000, 60_000],
    [1_799_999_970_000, 60_000],
  ] as const) {
    clock.follow(shown_ms, clock.monotonic() - travelled_ms);
    expect(clock.now() - 1_800_000_000_000).toBeLessThan(5_000);
    expect(clock.now()).toBeGreaterThanOrEqual(1_800_000_000_000);
  }
  clock.follow(1_800_000_050_000, clock.monotonic() - 20_000);
  expect(clock.now() - 1_800_000_060_000).toBeGreaterThanOrEqual(0);
  expect(clock.now() - 1_800_000_060_000).toBeLessThan(5_000);
});

test('ids sort as they were made and carry the time that is counted by, whatever the machine says', () => {
  const begun_ms = Date.now();
  const clock = realClock();
  const makeId = idMaker(clock);
  const made: string[] = [];
  for (const step of [0, hour, -hour, 24 * hour]) {
    setClock(begun_ms + step);
    for (let n = 0; n < 500; n++) made.push(makeId('record'));
    about(instantOf(made.at(-1) ?? ''), begun_ms);
  }
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

test('ids of a clock that is set back a little stay behind those that were made before', () => {
  const clock = realClock();
  const makeId = idMaker(clock);
  const before = makeId('event');
  clock.follow(clock.now() - 9_000, clock.monotonic());
  expect(makeId('event') > before).toBe(true);
});

test('ids of a clock that is set back far go back with it, and are in order from there', () => {
  const begun_ms = Date.now();
  const clock = realClock();
  clock.follow(begun_ms + 24 * hour, clock.monotonic());
  const makeId = idMaker(clock);
  about(instantOf(makeId('record')), begun_ms + 24 * hour);
  clock.follow(begun_ms, clock.monotonic());
  const made = Array.from({ length: 500 }, () => makeId('record'));
  about(instantOf(made[0] ?? ''), begun_ms);
  expect([...made].sort()).toEqual(made);
});
