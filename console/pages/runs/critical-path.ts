import type { Spanned } from './timeline-layout.ts';

/** A step may begin this much before the one it waited for is said to have ended: clocks differ. */
const overlap_ms = 5;

/**
 * The steps that the length of the run depends on: the one that ended last, before it the one whose end it waited for,
 * and so on, with the steps that these are parts of. Steps under way end at `now_ms`.
 */
export function criticalPath(steps: readonly Spanned[], now_ms: number): ReadonlySet<string> {
  const parents = new Set(steps.map(({ parent_step_id }) => parent_step_id));
  const spans = steps
    .map((step) => ({
      step,
      from_ms: Date.parse(step.started_at),
      to_ms: step.ended_at === null ? now_ms : Date.parse(step.ended_at),
    }))
    .sort((a, b) => b.to_ms - a.to_ms || b.from_ms - a.from_ms);
  const path = new Set<string>();
  let waited_ms = Number.POSITIVE_INFINITY;
  for (const { step, from_ms, to_ms } of spans) {
    // What holds other steps is as long as they are: they are looked at instead.
    if (parents.has(step.id) || to_ms > waited_ms + overlap_ms) continue;
    path.add(step.id);
    waited_ms = Math.min(waited_ms, from_ms);
  }
  return withParents(path, steps);
}

function withParents(path: ReadonlySet<string>, steps: readonly Spanned[]): ReadonlySet<string> {
  const parent_of = new Map(steps.map(({ id, parent_step_id }) => [id, parent_step_id]));
  const all = new Set(path);
  for (const id of path)
    for (let up = parent_of.get(id); up != null && !all.has(up); up = parent_of.get(up)) all.add(up);
  return all;
}
