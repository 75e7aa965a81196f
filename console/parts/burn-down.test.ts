import { expect, test } from 'vitest';
import { burnShape } from './burn-down.ts';

const start_ms = Date.parse('2026-01-01T00:00:00.000Z');
const hour_ms = 3_600_000;
const at = (hours: number) => new Date(start_ms + hours * hour_ms).toISOString();
const day = { cap: 24, start_ms, end_ms: start_ms + 24 * hour_ms };

test('what is left falls as it is used, and the ideal line leads from all to nothing', () => {
  const points = [
    { at: at(0), used: 0 },
    { at: at(6), used: '12' },
  ];
  const { actual, ideal } = burnShape({ ...day, points, now_ms: start_ms + 6 * hour_ms, burn: 12 / 360 });
  expect(actual.map(({ y }) => y)).toEqual([24, 12]);
  expect(ideal).toEqual([
    { x: start_ms, y: 24 },
    { x: start_ms + 24 * hour_ms, y: 0 },
  ]);
});

test('the forecast ends where nothing is left, or at the end of the window', () => {
  const points = [
    { at: at(0), used: 0 },
    { at: at(6), used: 12 },
  ];
  const now_ms = start_ms + 6 * hour_ms;
  const fast = burnShape({ ...day, points, now_ms, burn: 12 / 360 });
  expect(fast.forecast[1]).toEqual({ x: start_ms + 12 * hour_ms, y: 0 });
  const slow = burnShape({ ...day, points, now_ms, burn: 3 / 360 });
  expect(slow.forecast[1]).toEqual({ x: start_ms + 24 * hour_ms, y: 3 });
});

test('a limit that was over-reported has nothing left and not less', () => {
  const points = [{ at: at(1), used: 30 }];
  const { actual } = burnShape({ ...day, points, now_ms: start_ms + hour_ms, burn: 0.5 });
  expect(actual).toEqual([{ x: start_ms + hour_ms, y: 0 }]);
});

test('a rolling window has neither end nor forecast', () => {
  const points = [{ at: at(0), used: 1 }];
  const shape = burnShape({ ...day, end_ms: null, points, now_ms: start_ms + hour_ms, burn: 1 });
  expect([shape.ideal, shape.forecast, shape.cone]).toEqual([[], [], []]);
});
