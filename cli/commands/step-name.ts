import type { Item } from '@aos/sdk/contract.ts';

/** What the plan calls the step, else the model that was asked, else the skill. */
export function stepName({ params, skill }: Pick<Item<'listSteps'>, 'params' | 'skill'>): string {
  const of = (params ?? {}) as { step?: unknown; model?: unknown };
  return String(of.step ?? of.model ?? skill);
}
