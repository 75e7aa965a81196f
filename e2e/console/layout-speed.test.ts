import { rowsOf, ticksOf, timeScale } from '@aos/console/pages/runs/timeline-layout.ts';
import { expect, test } from 'vitest';

/** What the work beside takes on the quiet machine that the figures in docs/performance.md were taken on. */
const quiet_work_ms = 21;

const processorMs = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};
const least = (work: () => void): number => Math.min(...Array.from({ length: 10 }, () => processorMs(work)));

/** As `slownessOf` of the console's figures has it, in this process. */
function workBeside(): void {
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ id: `run_${(n * 7919) % 20_011}`, n }));
  const known = new Map((JSON.parse(JSON.stringify(rows)) as typeof rows).map((row) => [row.id, row]));
  [...known.keys()].sort();
}

const begun_ms = Date.UTC(2026, 10, 22, 12);
const idOf = (n: number): string => `stp_${String(n).padStart(5, '0')}`;

test('5,000 steps of a run are laid out within 50 ms of processor time of a quiet machine', () => {
  const steps = Array.from({ length: 5_000 }, (_, n) => ({
    id: idOf(n),
    parent_step_id: n % 5 === 0 ? null : idOf(n - 1),
    started_at: new Date(begun_ms + n * 2_000).toISOString(),
    ended_at: new Date(begun_ms + n * 2_000 + 1_000).toISOString(),
    cost_usd: '0.010000000',
  }));
  const slowness = Math.max(1, least(workBeside) / quiet_work_ms);
  const took_ms = least(() => {
    const rows = rowsOf(steps, begun_ms);
    const scale = timeScale(rows, false);
    for (const row of rows) scale.at(row.from_ms);
    ticksOf(scale);
  });
  expect(took_ms).toBeLessThan(50 * slowness);
});
