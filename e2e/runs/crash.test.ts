import { expect, test } from 'vitest';
import { points, runCrashes, runLoad } from '../../tools/campaigns/runs.ts';

test('wherever a worker dies over a run, another takes it over in time, ends it once and repeats no completed step', async () => {
  const { figures, broken } = await runCrashes({ points, kills: 1, at_once: points.length, seed: 23 });
  expect(broken).toEqual([]);
  expect(figures).toMatchObject(Object.fromEntries(points.map((point) => [point, 1])));
  expect(Number(figures.takeovers)).toBeGreaterThanOrEqual(points.length);
});

test('a queue of runs is worked off by workers of which some are killed, each run once', async () => {
  const { figures, broken } = await runLoad({ runs: 40, workers: 2, kill_every_ms: 1_500, seed: 29 });
  expect(broken).toEqual([]);
  expect(figures).toMatchObject({ runs: 40 });
});
