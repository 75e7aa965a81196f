import type { Draft } from '../../parts/policy-draft.ts';

const key = 'aos.new_policy';

/** What was being written in this tab and was neither saved nor discarded. */
export function keptDraft(): Draft | null {
  const text = sessionStorage.getItem(key);
  return text === null ? null : (JSON.parse(text) as Draft);
}

export function keepDraft(draft: Draft | null): void {
  if (draft) sessionStorage.setItem(key, JSON.stringify(draft));
  else sessionStorage.removeItem(key);
}
