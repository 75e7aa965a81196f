import type { Decision } from '../../parts/DecisionWords.tsx';

/** What was decided about a run, newest first; or why that is not known, which is never the same as nothing. */
export type Decided = readonly Decision[] | 'being read' | 'could not be read';

/** What a reading of decisions has brought so far: what was read before is kept when a later reading fails. */
export function decidedOf({
  data,
  isError,
}: {
  data: { items: readonly Decision[] } | undefined;
  isError: boolean;
}): Decided {
  if (data) return data.items;
  return isError ? 'could not be read' : 'being read';
}

/** The decisions that are known. */
export const knownOf = (decided: Decided): readonly Decision[] => (typeof decided === 'string' ? none : decided);

const none: readonly Decision[] = [];
