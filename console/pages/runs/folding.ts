import type { Row, Spanned } from './timeline-layout.ts';

/** The steps that hold others. */
export const holdersOf = (steps: readonly Spanned[]): ReadonlySet<string> =>
  new Set(steps.flatMap(({ parent_step_id }) => parent_step_id ?? []));

/** The rows without those that stand, at any depth, below a folded step. */
export function unfolded<Step extends Spanned>(
  rows: readonly Row<Step>[],
  folded: ReadonlySet<string>,
): readonly Row<Step>[] {
  if (folded.size === 0) return rows;
  const hidden = new Set<string>();
  return rows.filter((row) => {
    if (row.kind === 'idle') return true;
    const { id, parent_step_id } = row.step;
    const is_hidden = parent_step_id !== null && (folded.has(parent_step_id) || hidden.has(parent_step_id));
    if (is_hidden) hidden.add(id);
    return !is_hidden;
  });
}
