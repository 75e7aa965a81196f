import type { Item } from '../../api.ts';
import type { GlyphName } from '../../ui/Glyph.tsx';

export type Step = Item<'listSteps'>;

/** A step that has ended, or one that a worker carries out at the moment. */
export interface ShownStep extends Omit<Step, 'status' | 'ended_at' | 'decision_id' | 'params' | 'error'> {
  status: Step['status'] | 'running';
  ended_at: string | null;
  decision_id: string | null;
  params?: unknown;
  error?: unknown;
}

/** What the plan calls the step, else the model that was asked, else the skill. */
export function stepName({ params, model, skill }: Pick<ShownStep, 'params' | 'model' | 'skill'>): string {
  const of = (params ?? {}) as { step?: unknown; model?: unknown; tool?: unknown };
  return String(of.step ?? of.tool ?? of.model ?? model ?? skill);
}

export interface Mark {
  glyph: GlyphName;
  tone: 'warn' | 'crit' | 'shadow';
  word: string;
}

const verdict_marks: Readonly<Record<string, Mark>> = {
  warn: { glyph: 'triangle', tone: 'warn', word: 'warned' },
  pause: { glyph: 'pause', tone: 'warn', word: 'held' },
  block: { glyph: 'square', tone: 'crit', word: 'blocked' },
  kill: { glyph: 'cross', tone: 'crit', word: 'killed' },
};

/** What a policy said about the step, if it was more than a plain yes. */
export function markOf({ verdict, shadow_verdict }: Pick<Step, 'verdict' | 'shadow_verdict'>): Mark | null {
  const enforced = verdict_marks[verdict ?? ''];
  if (enforced) return enforced;
  if (shadow_verdict === null || shadow_verdict === 'continue') return null;
  return { glyph: 'flag', tone: 'shadow', word: `in shadow: would ${shadow_verdict}` };
}

export const hasFailed = ({ status }: Pick<ShownStep, 'status'>): boolean =>
  status !== 'succeeded' && status !== 'running';

const found_in = new WeakMap<object, string>();

/** Everything of a step that can be searched for, in lower case. */
export function textOf(step: ShownStep): string {
  const known = found_in.get(step);
  if (known !== undefined) return known;
  const text = JSON.stringify(step).toLowerCase();
  found_in.set(step, text);
  return text;
}
