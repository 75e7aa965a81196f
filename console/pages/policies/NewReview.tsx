import type { FormEvent, ReactNode } from 'react';
import type { Draft } from '../../parts/policy-draft.ts';
import { askingProjects } from '../../parts/SecondPerson.tsx';
import { useMay } from '../../parts/session.ts';
import type { Finding, Lint } from '../../parts/settled.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Failed, Notice } from '../../ui/States.tsx';
import { Changes } from './Changes.tsx';
import styles from './New.module.css';
import { NewFindings } from './NewRail.tsx';
import { NewTold } from './NewTold.tsx';
import { confirmationFor, missingFor } from './new-confirmation.ts';
import { lineOf, type Past } from './new-past.ts';
import type { Saving, Start } from './new-saving.ts';

interface Props {
  draft: Draft;
  lint: Lint | null;
  past: Past;
  saving: Saving;
  is_edit: boolean;
  /** What somebody else changed meanwhile. */
  other: ReactNode;
  onMend: (finding: Finding) => void;
  onClose: () => void;
}

/** All that a policy says, changes and would do, before it is saved; why, and how it begins. Enter begins it as it was chosen. */
export function NewReview({ draft, lint, past, saving, is_edit, other, onMend, onClose }: Props) {
  const { reason, confirmed, tried, start } = saving;
  const asked = confirmationFor(draft, past);
  const missing = missingFor(tried, { reason, confirmed }, asked);
  const needs_other = lint?.second_person != null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!saving.is_busy) saving.save(startFor(start, saving.status, needs_other));
  };
  return (
    <Dialog open onClose={onClose} title="Review">
      <form className={styles.review} onSubmit={submit}>
        <p>{lint?.sentence ?? 'It is no policy yet.'}</p>
        {other}
        {is_edit && lint?.sentence && (
          <section aria-label="What changes">
            <h3>What changes</h3>
            <Changes of={lint.changes} />
          </section>
        )}
        <p>
          <strong>{lineOf(past)}</strong>
        </p>
        <NewTold draft={draft} />
        <NewFindings findings={lint?.findings ?? []} onGo={(_, finding) => onMend(finding)} />
        <TextField
          label="Reason"
          hint="Required: kept in the ledger with your name."
          maxLength={500}
          value={reason}
          error={missing.reason}
          onChange={(event) => saving.set({ reason: event.target.value })}
        />
        {asked && <Confirm asked={asked} saving={saving} error={missing.confirmed} />}
        {saving.error && <Failed what={saving.error_about} error={saving.error} />}
        {lint?.second_person && <Handover slugs={lint.second_person} status={saving.status} />}
        <Choices saving={saving} needs_other={needs_other} />
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  asked: { word: string; why: string };
  saving: Saving;
  error: string | null;
}

const Confirm = ({ asked: { word, why }, saving, error }: ConfirmProps) => (
  <TextField
    label={`${why} Type "${word}" to put it in force`}
    value={saving.confirmed}
    error={error}
    onChange={(event) => saving.set({ confirmed: event.target.value })}
  />
);

/** How it begins by Enter: not in force where somebody else must see to that. */
function startFor(chosen: Start, status: string | null, needs_other: boolean): Start {
  if (!needs_other || chosen !== 'enforce') return chosen;
  return status === 'active' ? 'draft' : 'shadow';
}

/** That one cannot put it in force alone, and how it goes on. */
const Handover = ({ slugs, status }: { slugs: readonly string[]; status: string | null }) => (
  <Notice>
    <span>
      <strong>Somebody else must enforce it.</strong> It may reach calls of {askingProjects(slugs)}, where nobody
      enforces what they wrote themselves.{' '}
      {status === 'active'
        ? 'Saved as a policy of its own it waits for a second person, and the one in force stays as it is until then.'
        : 'Start it in shadow or save it as a draft: its page has the link to hand over.'}
    </span>
  </Notice>
);

const verbs: Readonly<Record<Start, string>> = {
  draft: 'Save as draft',
  shadow: 'Start in shadow',
  enforce: 'Activate now',
};

interface ChoicesProps {
  saving: Saving;
  needs_other: boolean;
}

function Choices({ saving: { start: chosen, status, is_busy, save }, needs_other }: ChoicesProps) {
  const may_write = useMay('write_policies');
  const may_activate = useMay('activate_policies');
  const start = startFor(chosen, status, needs_other);
  const offered = (Object.keys(verbs) as Start[]).filter((as) => as !== 'draft' || status !== 'active' || needs_other);
  const verbOf = (as: Start) => {
    if (status !== 'active' || as === 'shadow') return verbs[as];
    return as === 'draft' ? 'Save as a policy of its own' : 'Save, in force at once';
  };
  return (
    <>
      <div className={styles.choices}>
        {offered.map((as) => (
          <Button
            key={as}
            type={as === start ? 'submit' : 'button'}
            kind={as === start ? 'primary' : 'normal'}
            disabled={is_busy || !may_write || (as !== 'draft' && !may_activate) || (as === 'enforce' && needs_other)}
            {...(as !== start && { onClick: () => save(as) })}
          >
            {is_busy && as === start ? 'Saving …' : verbOf(as)}
          </Button>
        ))}
      </div>
      {!(may_write && may_activate) && (
        <p className="quiet">Your key may not {may_write ? 'activate' : 'write'} policies.</p>
      )}
    </>
  );
}
