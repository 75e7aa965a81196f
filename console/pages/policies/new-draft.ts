import { useQueryClient } from '@tanstack/react-query';
import { type Answer, useAct } from '../../api.ts';
import { type Draft, documentOf } from '../../parts/policy-draft.ts';
import { useMay } from '../../parts/session.ts';
import type { ApiProblem } from '../../problem.ts';
import { useToast } from '../../ui/Toast.tsx';

type Stored = Answer<'getPolicy'>;

interface Ask {
  draft: Draft;
  edited: Stored | null;
  /** The version that the draft follows on. */
  base: number | null;
  onStored: (now: Stored) => void;
}

/**
 * Stores what is written as a draft, which no call is looked at by and which is found from everywhere. What is in force
 * has none: each of its versions holds at once, so it is only kept in the browser until it is reviewed.
 */
export function useDraftStoring({ draft, edited, base, onStored }: Ask) {
  const toast = useToast();
  const may = useMay('write_policies');
  const create = useAct('createPolicy');
  const update = useAct('updatePolicy');
  const cannot = !may
    ? 'your key may not write policies'
    : edited?.status === 'active'
      ? 'a policy in force has no draft; Review changes it'
      : null;
  const tell = (why: string) => toast(`Kept in this browser only: ${why}`, { tone: 'crit' });
  const store = () => {
    if (cannot !== null) return tell(cannot);
    const document = documentOf(draft);
    const answers = {
      onSuccess: onStored,
      onError: ({ message }: ApiProblem) => tell(message),
    };
    if (edited === null) return create.mutate({ body: document }, answers);
    const body = { ...document, reason: 'Draft saved', ...(base !== null && { version: base }) };
    return update.mutate({ params: { id: edited.id }, body }, answers);
  };
  return { store, cannot, is_busy: create.isPending || update.isPending };
}

/** Shows a policy as an answer has just told it, before it is asked for again. */
export function useToldPolicy() {
  const client = useQueryClient();
  return (now: Stored) => client.setQueryData(['getPolicy', { params: { id: now.id } }], now);
}
