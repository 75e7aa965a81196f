import { forgetOrKeep, useKept } from '../../parts/kept.ts';
import type { Draft } from '../../parts/policy-draft.ts';

interface Kept {
  draft: Draft;
  at_ms: number;
  /** The version of the policy that it began from; null: of none. */
  version: number | null;
}

const nameOf = (place: string): string => `aos.policy_draft.${place}`;
const keptOf = (draft: Draft | null, version: number | null): Kept | null =>
  draft && { draft, at_ms: Date.now(), version };

/**
 * What is being written in this browser, kept until it is stored or discarded. `place`: what it began from, so that
 * every template and every policy has its own. `version`: what the policy is at now.
 */
export function useKeptDraft(place: string, start: Draft, version: number | null) {
  const [kept, setKept] = useKept<Kept>(nameOf(place));
  const base = kept ? kept.version : version;
  return {
    draft: kept?.draft ?? start,
    kept_at_ms: kept?.at_ms ?? null,
    base,
    /** Null: nothing is left to keep. `of`: the version that it follows on from now on. */
    keep: (draft: Draft | null, of: number | null = base) => setKept(keptOf(draft, of)),
  };
}

/** The same for a place that is opened next. */
export const keepDraftAt = (place: string, draft: Draft | null, version: number): void =>
  forgetOrKeep(nameOf(place), keptOf(draft, version));
