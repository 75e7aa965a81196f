import { describe, expect, test } from 'vitest';
import { crossingOf, nanoOf, rowsOf, type Spanned, ticksOf, timeScale, usdOf } from './timeline-layout.ts';

const begun_ms = Date.UTC(2026, 10, 22, 12, 0, 0);
const at = (seconds: number) => new Date(begun_ms + seconds * 1_000).toISOString();

const step = (id: string, from: number, to: number | null, more: Partial<Spanned> = {}): Spanned => ({
  id,
  parent_step_id: null,
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  cost_usd: '0.010000000',
  ...more,
});

const rowsAt = (steps: Spanned[], now = 0) => rowsOf(steps, begun_ms + now * 1_000);

describe('rows', () => {
  test('stand in the order of their start, as deep as their parents', () => {
    const rows = rowsAt([
      step('c', 4, 5, { parent_step_id: 'b' }),
      step('a', 0, 9),
      step('b', 1, 6, { parent_step_id: 'a' }),
    ]);
    expect(rows.map((row) => row.kind === 'step' && [row.step.id, row.depth])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
  });

  test('add up exactly, and an unknown price adds nothing', () => {
    const rows = rowsAt([
      step('a', 0, 1, { cost_usd: '0.100000001' }),
      step('b', 1, 2, { cost_usd: '0.200000002' }),
      step('c', 2, 3, { cost_usd: null }),
    ]);
    expect(rows.map(({ after }) => usdOf(after))).toEqual(['0.100000001', '0.300000003', '0.300000003']);
  });

  test('have one for each time longer than 30 s in which nothing ran', () => {
    const rows = rowsAt([step('a', 0, 2), step('b', 33, 34), step('c', 64, 65), step('d', 1, 20)]);
    expect(rows.map((row) => (row.kind === 'idle' ? row.to_ms - row.from_ms : row.step.id))).toEqual([
      'a',
      'd',
      'b',
      'c',
    ]);
    const idle = rowsAt([step('a', 0, 2), step('b', 43, 44)]);
    expect(idle.map((row) => (row.kind === 'idle' ? row.to_ms - row.from_ms : row.step.id))).toEqual([
      'a',
      41_000,
      'b',
    ]);
  });

  test('of a step under way grow until now', () => {
    expect(rowsAt([step('a', 0, null)], 12)[0]).toMatchObject({ to_ms: begun_ms + 12_000 });
  });
});

describe('time', () => {
  const rows = rowsAt([step('a', 0, 10), step('b', 3_610, 3_620)]);
  const seconds = (of: { at(ms: number): number }, value: number) => of.at(begun_ms + value * 1_000);

  test('without work takes little of the width, and nothing is out of order', () => {
    const scale = timeScale(rows, false);
    expect(seconds(scale, 0)).toBe(0);
    expect(seconds(scale, 10)).toBeCloseTo(0.485);
    expect(seconds(scale, 3_610)).toBeCloseTo(0.515);
    expect(seconds(scale, 3_620)).toBeCloseTo(1);
    expect(scale.segments.map(({ idle }) => idle)).toEqual([false, true, false]);
  });

  test('is true to scale when it was asked to be shown whole', () => {
    const scale = timeScale(rows, true);
    expect(seconds(scale, 10)).toBeCloseTo(10 / 3_620);
    expect(scale.segments).toHaveLength(1);
  });

  test('says how long each compressed stretch is', () => {
    expect(ticksOf(timeScale(rows, false)).filter(({ idle_ms }) => idle_ms !== undefined)).toEqual([
      expect.objectContaining({ idle_ms: 3_600_000 }),
    ]);
  });

  test('has marks that stay apart', () => {
    const many = rowsAt(Array.from({ length: 40 }, (_, n) => step(`s${n}`, n * 60, n * 60 + 3)));
    const places = ticksOf(timeScale(many, false)).map((tick) => tick.at);
    for (const [n, place] of places.slice(1).entries()) expect(place - (places[n] ?? 0)).toBeGreaterThanOrEqual(0.139);
  });
});

test.each(['-0.250000000', '-1.000000001', '0.000000000', '12.340000000'])('%s dollars are the same back', (usd) =>
  expect(usdOf(nanoOf(usd))).toBe(usd),
);

describe('the step that broke a limit', () => {
  const rows = rowsAt([step('a', 0, 1), step('b', 1, 2), step('c', 2, 3, { cost_usd: null })]);
  const line = (usd: string) => ({ name: 'cap', control_id: 'ctl_1', at: nanoOf(usd) });
  const none = () => 0;

  test('is the first one after which the run cost more', () => expect(crossingOf(rows, line('0.015'), none)).toBe(1));
  test('is none where the limit was over before the run began', () =>
    expect(crossingOf(rows, line('-0.01'), none)).toBeNull());
  test('is none at exactly the limit', () => expect(crossingOf(rows, line('0.02'), none)).toBeNull());
  test('is the refused one by what it asked for', () => {
    const asked = (id: string) => (id === 'c' ? nanoOf('0.005') : 0);
    expect(crossingOf(rows, line('0.022'), asked)).toBe(2);
  });
});
