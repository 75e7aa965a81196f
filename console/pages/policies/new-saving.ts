import { useState } from 'react';
import { type Answer, useAct } from '../../api.ts';
import { type Draft, documentOf } from '../../parts/policy-draft.ts';
import type { ApiProblem } from '../../problem.ts';
import { useToast } from '../../ui/Toast.tsx';

export type Start = 'shadow' | 'enforce' | 'draft';

interface Choice {
  start: Start;
  reason: string;
  confirmed: string;
}

export interface Saving extends Choice {
  set: (part: Partial<Choice>) => void;
  save: () => void;
  /** It was tried, so what is missing is said. */
  tried: boolean;
  is_busy: boolean;
  error: ApiProblem | null;
  error_about: string;
  /** Of the policy that is edited; null: there is none yet. */
  status: string | null;
}

type Stored = Pick<Answer<'getPolicy'>, 'id' | 'version' | 'status' | 'mode'>;

/**
 * Saves the draft and puts it in force. When it is saved and may not be activated, it stays a draft, and the next attempt
 * changes that one and makes no second policy.
 */
export function useSaving(
  draft: Draft,
  edited: Stored | null,
  isReady: (choice: Choice) => boolean,
  onSaved: (id: string) => void,
): Saving {
  const [choice, setChoice] = useState<Choice>({ start: startOf(edited), reason: '', confirmed: '' });
  const [tried, setTried] = useState(false);
  const [stored, setStored] = useState<Stored | null>(edited);
  const create = useAct('createPolicy');
  const update = useAct('updatePolicy');
  const activate = useAct('activatePolicy');
  const toast = useToast();
  const { start } = choice;

  const put = async (reason: string): Promise<Stored> => {
    const document = { ...documentOf(draft), mode: start === 'draft' ? draft.mode : start, reason };
    if (!stored) return create.mutateAsync({ body: document });
    return update.mutateAsync({ params: { id: stored.id }, body: { ...document, version: stored.version } });
  };
  const run = async () => {
    const reason = choice.reason.trim();
    let now = await put(reason);
    setStored(now);
    if (start !== 'draft' && now.status !== 'active')
      now = await activate.mutateAsync({ params: { id: now.id }, body: { reason, mode: start } });
    toast(start === 'draft' ? 'Saved' : start === 'shadow' ? 'In shadow: nothing is stopped yet' : 'In force');
    onSaved(now.id);
  };
  const save = () => {
    setTried(true);
    activate.reset();
    // What went wrong stands in the state of the request that it went wrong with.
    if (isReady(choice)) void run().catch(() => undefined);
  };
  const about = activate.error && stored ? 'It is saved, and was not activated' : 'It was not saved';
  return {
    ...choice,
    set: (part) => setChoice((now) => ({ ...now, ...part })),
    save,
    tried,
    is_busy: create.isPending || update.isPending || activate.isPending,
    error: activate.error ?? update.error ?? create.error,
    error_about: about,
    status: stored?.status ?? null,
  };
}

function startOf(edited: Stored | null): Start {
  if (!edited) return 'shadow';
  if (edited.status !== 'active') return 'draft';
  return edited.mode === 'shadow' ? 'shadow' : 'enforce';
}
