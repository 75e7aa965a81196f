import { expect, test } from 'vitest';
import type { ShownStep } from './step-words.ts';
import { rowsOf } from './timeline-layout.ts';
import { isOf, triesOf, triesTogether } from './tries.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22) + seconds * 1_000).toISOString();

const step = (id: string, name: string, from: number, to: number, more: object = {}) =>
  ({
    ...{ id, parent_step_id: null, started_at: at(from), ended_at: at(to), cost_usd: '0.010000000' },
    ...{ source: 'managed', params: { step: name }, ...more },
  }) as unknown as ShownStep;

const steps = [
  step('a1', 'a', 0, 1),
  step('b1', 'b', 1, 2),
  step('a2', 'a', 3, 4),
  step('own', 'a', 4, 5, { source: 'gateway' }),
];

test('the tries of a planned step are one row from the first to the last, and each is found in it', () => {
  const rows = triesTogether(rowsOf(steps, 0));
  expect(rows.map((row) => row.kind === 'step' && [row.step.id, row.to_ms - row.from_ms, row.tries?.length])).toEqual([
    ['a2', 4_000, 2],
    ['b1', 1_000, undefined],
    ['own', 1_000, undefined],
  ]);
  expect(['a1', 'a2', 'b1', 'none'].map((id) => rows.findIndex((row) => isOf(row, id)))).toEqual([0, 0, 1, -1]);
  expect(triesOf(steps[0] as ShownStep, steps).map(({ id }) => id)).toEqual(['a1', 'a2']);
  expect(triesOf(steps[3] as ShownStep, steps)).toHaveLength(1);
});
