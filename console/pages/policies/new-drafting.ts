import { type RefObject, useRef } from 'react';
import { useLocation } from 'wouter';
import type { Answer } from '../../api.ts';
import type { Draft } from '../../parts/policy-draft.ts';
import { keepDraftAt, useKeptDraft } from './kept-draft.ts';
import { focusIn, useKeptFocus } from './kept-focus.ts';
import { useDraftStoring, useToldPolicy } from './new-draft.ts';

type Stored = Answer<'getPolicy'>;

interface Ask {
  place: string;
  start: Draft;
  edited: Stored | null;
  /** Something within the form. */
  within: RefObject<HTMLElement | null>;
}

/** What is written, where it is kept and stored, and whether the policy has become another one meanwhile. */
export function useDrafting({ place, start, edited, within }: Ask) {
  const { draft, kept_at_ms, base, keep } = useKeptDraft(place, start, edited?.version ?? null);
  const [, navigate] = useLocation();
  const latest = useRef(draft);
  latest.current = draft;
  const tell = useToldPolicy();
  const form = () => within.current?.parentElement;
  useKeptFocus(form);
  /** What was written while it was sent stays kept, after what is stored now. */
  const onStored = (now: Stored) => {
    tell(now);
    const rest = latest.current === draft ? null : latest.current;
    if (edited) return keep(rest, now.version);
    keep(null);
    keepDraftAt(now.id, rest, now.version);
    const at = `/policies/${now.id}/edit${window.location.search}`;
    navigate(at, { replace: true, state: focusIn(form()) });
  };
  const storing = useDraftStoring({ draft, edited, base, onStored });
  const behind = edited !== null && base !== null && base < edited.version && !storing.is_busy ? base : null;
  return { draft, kept_at_ms, base, keep, storing, tell, behind };
}
