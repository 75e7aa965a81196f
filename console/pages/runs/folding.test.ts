import { expect, test } from 'vitest';
import { holdersOf, unfolded } from './folding.ts';
import { rowsOf } from './timeline-layout.ts';

const step = (id: string, at_s: number, parent_step_id: string | null = null) => ({
  id,
  parent_step_id,
  started_at: new Date(at_s * 1_000).toISOString(),
  ended_at: new Date((at_s + 1) * 1_000).toISOString(),
  cost_usd: null,
});
const steps = [step('a', 0), step('b', 1, 'a'), step('c', 2, 'b'), step('d', 3)];
const shown = (folded: string[]) =>
  unfolded(rowsOf(steps, 0), new Set(folded)).map((row) => (row.kind === 'step' ? row.step.id : 'idle'));

test('below a folded step nothing shows, at any depth', () => {
  expect(shown(['a'])).toEqual(['a', 'd']);
  expect(shown(['b'])).toEqual(['a', 'b', 'd']);
  expect(shown([])).toEqual(['a', 'b', 'c', 'd']);
});

test('what holds others can be folded', () => {
  expect([...holdersOf(steps)]).toEqual(['a', 'b']);
});
