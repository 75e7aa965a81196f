import { rowsOf, ticksOf, timeScale } from '@aos/console/pages/runs/timeline-layout.ts';
import { expect, test } from 'vitest';

const begun_ms = Date.UTC(2026, 10, 22, 12);
const idOf = (n: number): string => `stp_${String(n).padStart(5, '0')}`;

test('5,000 steps of a run are laid out within 50 ms of processor time', () => {
  const steps = Array.from({ length: 5_000 }, (_, n) => ({
    id: idOf(n),
    parent_step_id: n % 5 === 0 ? null : idOf(n - 1),
    started_at: new Date(begun_ms + n * 2_000).toISOString(),
    ended_at: new Date(begun_ms + n * 2_000 + 1_000).toISOString(),
    cost_usd: '0.010000000',
  }));
  const took_ms = Array.from({ length: 10 }, () => {
    const before = process.cpuUsage();
    const rows = rowsOf(steps, begun_ms);
    const scale = timeScale(rows, false);
    for (const row of rows) scale.at(row.from_ms);
    ticksOf(scale);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  expect(Math.min(...took_ms)).toBeLessThan(50);
});
