import type { ShownStep } from './step-words.ts';
import type { Row, StepRow } from './timeline-layout.ts';

/** What tells the tries of one step: its name in the plan that a worker carries out; null: it is tried once. */
function planName({ source, params }: Pick<ShownStep, 'source' | 'params'>): string | null {
  const name = (params as { step?: unknown } | null | undefined)?.step;
  return source === 'managed' && typeof name === 'string' ? name : null;
}

/** The tries of the same step, in the order of their start. */
export const triesOf = (step: ShownStep, steps: readonly ShownStep[]): readonly ShownStep[] => {
  const name = planName(step);
  return name === null ? [step] : steps.filter((one) => planName(one) === name);
};

/** One row for all tries of a step, where the first one stood: it is as the last one is, and lasts from first to last. */
export function triesTogether(rows: readonly Row<ShownStep>[]): readonly Row<ShownStep>[] {
  const by_name = new Map<string, StepRow<ShownStep>[]>();
  for (const row of rows) {
    const name = row.kind === 'step' ? planName(row.step) : null;
    if (row.kind !== 'step' || name === null) continue;
    const tries = by_name.get(name);
    if (tries) tries.push(row);
    else by_name.set(name, [row]);
  }
  return rows.flatMap((row) => {
    const tries = row.kind === 'step' ? (by_name.get(planName(row.step) ?? '') ?? []) : [];
    if (tries.length < 2) return [row];
    return tries[0] === row ? [together(tries)] : [];
  });
}

function together(tries: readonly StepRow<ShownStep>[]): StepRow<ShownStep> {
  const [first, last] = [tries[0], tries.at(-1)] as [StepRow<ShownStep>, StepRow<ShownStep>];
  return { ...first, step: last.step, to_ms: Math.max(...tries.map(({ to_ms }) => to_ms)), after: last.after, tries };
}

/** Whether a row shows this step, as itself or as one of its tries. */
export const isOf = (row: Row<ShownStep>, step_id: string | null): boolean =>
  row.kind === 'step' && (row.step.id === step_id || (row.tries?.some(({ step }) => step.id === step_id) ?? false));
