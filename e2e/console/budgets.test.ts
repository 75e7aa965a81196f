import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { type Console, startConsole } from './browser.ts';
import { interactionFigures, tableFigures, waterfallFigures, writeRuns, writeSteps } from './budgets.ts';
import { loadDemo } from './demo.ts';

const runs = 100_000;
const steps = 5_000;
/** Two frames of the screen: one core for page, painting and server skips so many at a time. `npm run bench:console` allows none. */
const skipped_ms = 34;

/**
 * Runs alone, after all other tests (vitest.config.ts). Budgets of time grow with how slow the machine is while they are
 * measured, at most eightfold; all others are held as they are.
 */
inBrowser('The console stays quick', () => {
  let console_: Console;

  beforeAll(async () => {
    console_ = await startConsole();
  });
  afterAll(async () => {
    await console_?.stop();
  });

  test('when a hand works on it, moves between rooms, and opens it for the first time', async () => {
    const key = await loadDemo(console_.gateway.server, { runs: 100, days: 2 });
    const { slowness, ...took } = await interactionFigures(console_, key);
    expect(took.interactions).toBeGreaterThan(40);
    expect(took.inp_p95_ms).toBeLessThanOrEqual(100 * slowness);
    expect(took.warm_navigation_ms).toBeLessThanOrEqual(150 * slowness);
    expect(took.cold_ms).toBeLessThanOrEqual(1_000 * slowness);
  });

  test(`with a run of ${steps} steps`, async () => {
    const run_id = await writeSteps(console_, steps);
    const { slowness, ...took } = await waterfallFigures(console_, run_id, steps);
    expect(took.dom_rows).toBeLessThan(60);
    expect(took.opened_ms).toBeLessThanOrEqual(300 * slowness);
    expect(took.whole_ms).toBeLessThanOrEqual(300 * slowness);
    expect(took.frame_cpu_ms).toBeLessThanOrEqual(8 * slowness);
  });

  test(`with a list of ${runs} rows`, { timeout: 600_000 }, async () => {
    await writeRuns(console_, runs);
    const { slowness, ...took } = await tableFigures(console_, runs);
    expect(took.row_count).toBeGreaterThan(runs);
    expect(took.row_indexes).toBe(took.dom_rows);
    expect(took.dom_rows).toBeLessThanOrEqual(50);
    expect(took.heap_mb).toBeLessThanOrEqual(60);
    expect(took.first_paint_ms).toBeLessThanOrEqual(300 * slowness);
    expect(took.frame_p95_ms).toBeLessThanOrEqual(20 * slowness + skipped_ms);
    expect(took.frame_cpu_ms).toBeLessThanOrEqual(20 * slowness);
  });
});
