import type { Draft } from '../../parts/policy-draft.ts';
import type { Past } from './new-past.ts';
import type { Start } from './new-saving.ts';

/** Above this share of the runs that it meets, a policy is put in force only when its target is typed. */
const much = 0.25;

/** What is typed to put a policy in force that may stop very much, and why; null: nothing is. */
export function confirmationFor(draft: Draft, past: Past): { word: string; why: string } | null {
  const { target, controls } = draft;
  if (!controls.some(({ action }) => ['block', 'kill'].includes(action))) return null;
  if (target.kind === 'all_runs') return { word: 'all runs', why: 'This can stop every call of the tenant.' };
  const result = past.answer?.result;
  const [word] = target.ids;
  if (!result || !word || result.runs.matched === 0) return null;
  const { paused, blocked, killed } = result.affected;
  const stopped = paused.runs + blocked.runs + killed.runs;
  return stopped / result.runs.matched <= much
    ? null
    : { word, why: `It would have stopped ${stopped} of ${result.runs.matched} runs.` };
}

/** What is missing before it may be saved in this way. */
export function missingFor(
  as: Start | null,
  { reason, confirmed }: { reason: string; confirmed: string },
  asked: { word: string } | null,
): { reason: string | null; confirmed: string | null } {
  const unconfirmed = as === 'enforce' && asked !== null && confirmed.trim() !== asked.word;
  return {
    reason: as !== null && reason.trim() === '' ? 'Say why, in a few words.' : null,
    confirmed: unconfirmed ? `Type "${asked.word}", or begin in shadow.` : null,
  };
}
