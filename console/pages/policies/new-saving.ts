import { useState } from 'react';
import { type Answer, useAct } from '../../api.ts';
import { type Draft, documentOf } from '../../parts/policy-draft.ts';
import { useMay } from '../../parts/session.ts';
import type { ApiProblem } from '../../problem.ts';

export type Start = 'shadow' | 'enforce' | 'draft';

interface Choice {
  start: Start;
  reason: string;
  confirmed: string;
}

export interface Saving extends Choice {
  set: (part: Partial<Choice>) => void;
  save: (as: Start) => void;
  /** How it was tried to be saved, so what is missing is said; null: not yet. */
  tried: Start | null;
  is_busy: boolean;
  error: ApiProblem | null;
  error_about: string;
  /** Of the policy that is edited; null: there is none yet. */
  status: string | null;
}

type Stored = Answer<'getPolicy'>;

/** Takes back what was saved. */
export type Undo = () => Promise<unknown>;

interface Ask {
  draft: Draft;
  /** What is edited, the version that the draft follows on, and how it was written. */
  edited: Stored | null;
  base: number | null;
  before: Draft;
  isReady: (as: Start, choice: Choice) => boolean;
  /** It is stored; whether it comes in force is asked next. */
  onStored: (now: Stored) => void;
  onSaved: (now: Stored, as: Start, undo: Undo | null) => void;
}

/**
 * Saves the draft and puts it in force. When it is saved and may not be activated, it stays a draft, and the next attempt
 * changes that one and makes no second policy.
 */
export function useSaving({ draft, edited, base, before, isReady, onStored, onSaved }: Ask): Saving {
  const [choice, setChoice] = useState<Choice>({ start: startOf(edited), reason: '', confirmed: '' });
  const [tried, setTried] = useState<Start | null>(null);
  const [made, setMade] = useState<Stored | null>(null);
  const create = useAct('createPolicy');
  const update = useAct('updatePolicy');
  const activate = useAct('activatePolicy');
  const undoOf = useUndo(edited, before);
  const stored = edited ?? made;

  const put = async (as: Start, reason: string): Promise<Stored> => {
    const document = { ...documentOf(draft), mode: as === 'draft' ? draft.mode : as, reason };
    if (!stored) return create.mutateAsync({ body: document });
    if (isApart(as, stored)) return create.mutateAsync({ body: { ...document, ...apartOf(draft, stored) } });
    const version = (edited && base) ?? stored.version;
    return update.mutateAsync({ params: { id: stored.id }, body: { ...document, version } });
  };
  const run = async (as: Start) => {
    const reason = choice.reason.trim();
    let now = await put(as, reason);
    const is_apart = stored !== null && now.id !== stored.id;
    if (!edited) setMade(now);
    if (!is_apart) onStored(now);
    if (as !== 'draft' && now.status !== 'active')
      now = await activate.mutateAsync({ params: { id: now.id }, body: { reason, mode: as, version: now.version } });
    onSaved(now, as, is_apart ? null : undoOf(now));
  };
  const save = (as: Start) => {
    setTried(as);
    activate.reset();
    // What went wrong stands in the state of the request that it went wrong with.
    if (isReady(as, choice)) void run(as).catch(() => undefined);
  };
  return {
    ...choice,
    set: (part) => setChoice((now) => ({ ...now, ...part })),
    save,
    tried,
    is_busy: create.isPending || update.isPending || activate.isPending,
    error: activate.error ?? update.error ?? create.error,
    error_about: activate.error && stored ? 'It is saved, and was not activated' : 'It was not saved',
    status: stored?.status ?? null,
  };
}

/**
 * What takes back what was just saved: an edit by a new version that says what the one before it said, coming in force
 * by leaving it, and a new policy by its end.
 */
function useUndo(edited: Stored | null, before: Draft): (now: Stored) => Undo | null {
  const may_activate = useMay('activate_policies');
  const update = useAct('updatePolicy');
  const disable = useAct('disablePolicy');
  const retire = useAct('retirePolicy');
  return ({ id, version, status }) => {
    const params = { id };
    const reason = `Version ${version} was taken back`;
    if (edited?.status === status)
      return () => update.mutateAsync({ params, body: { ...documentOf(before), reason, version } });
    if (!may_activate) return null;
    return () => (edited ? disable : retire).mutateAsync({ params, body: { reason } });
  };
}

/** What is in force has no draft: its next version is a policy of its own until somebody enforces it. */
const isApart = (as: Start, { status }: Stored): boolean => as === 'draft' && status === 'active';

const apartOf = ({ name, controls }: Draft, { version }: Stored) => ({
  name: `${name} (after v${version})`.slice(-200),
  controls: controls.map(({ id: _, ...control }) => control) as never,
});

/** What was chosen for a draft stays chosen; what was taken out of force comes back only when that is said. */
function startOf(edited: Stored | null): Start {
  if (!edited) return 'shadow';
  if (edited.status === 'disabled') return 'draft';
  return edited.mode;
}
