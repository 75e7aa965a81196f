import type { Decision } from '../../parts/DecisionWords.tsx';
import type { ShownStep } from './step-words.ts';
import { type CostLine, nanoOf, type Row } from './timeline-layout.ts';

export interface CostLines {
  lines: readonly CostLine[];
  /** What a step asked of a control, in nano-dollars. */
  asked(step_id: string, control_id: string): number;
}

/**
 * Where each limit on money stands for this run: what it had cost when it was last decided about, and what the limit
 * then had left. Decisions come newest first.
 */
export function costLines(decisions: readonly Decision[], rows: readonly Row<ShownStep>[]): CostLines {
  const before = new Map(rows.flatMap((row) => (row.kind === 'step' ? [[row.step.id, row.before] as const] : [])));
  const lines = new Map<string, CostLine>();
  const asked = new Map<string, number>();
  for (const { step_id, contributions } of decisions) {
    const cost = step_id === null ? undefined : before.get(step_id);
    if (cost === undefined) continue;
    for (const { control_id, policy_name, mode, unit, limit, used, reserved, requested, fired } of contributions) {
      if (unit !== 'usd' || limit === null || used === null) continue;
      if (fired) asked.set(`${step_id} ${control_id}`, nanoOf(requested));
      if (lines.has(control_id)) continue;
      const left = nanoOf(limit) - nanoOf(used) - nanoOf(reserved);
      lines.set(control_id, {
        name: mode === 'shadow' ? `${policy_name} (shadow)` : policy_name,
        control_id,
        at: cost + left,
      });
    }
  }
  return { lines: [...lines.values()], asked: (step_id, control_id) => asked.get(`${step_id} ${control_id}`) ?? 0 };
}
