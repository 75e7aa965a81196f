import type { FieldChange } from '@aos/core/policies/diff.ts';
import { NamesField } from '../../parts/NamesField.tsx';
import { autoName, type Draft } from '../../parts/policy-draft.ts';
import { type Option, RadioField } from '../../parts/RadioField.tsx';
import { useMay } from '../../parts/session.ts';
import { Button } from '../../ui/Button.tsx';
import { TextArea, TextField } from '../../ui/Field.tsx';
import { Failed } from '../../ui/States.tsx';
import styles from './New.module.css';
import type { Saving, Start } from './new-saving.ts';
import type { StepProps } from './new-steps.ts';

const starts: readonly Option[] = [
  { value: 'shadow', name: 'Shadow', hint: 'Decides on live calls and stops nothing: what it would do is recorded.' },
  { value: 'enforce', name: 'Enforce', hint: 'In force at once: no call is admitted without it.' },
  { value: 'draft', name: 'Draft', hint: 'Kept, and looked at by no call.' },
];

const verbs: Readonly<Record<Start, string>> = {
  shadow: 'Start in shadow',
  enforce: 'Activate now',
  draft: 'Save as draft',
};

/** A policy on everything that stops calls is confirmed by name. */
export const confirmation = 'all runs';

export const needsConfirmation = ({ target, controls }: Draft, start: Start): boolean =>
  start === 'enforce' &&
  target.kind === 'all_runs' &&
  controls.some(({ action }) => ['block', 'kill'].includes(action));

interface SaveProps extends StepProps {
  saving: Saving;
  /** What saving would change, field by field; null: there is nothing yet to change. */
  changes: readonly FieldChange[] | null;
}

/** What it is called, how it begins, and why. */
export function NewSave({ draft, change, errorAt, saving, changes }: SaveProps) {
  const may_write = useMay('write_policies');
  const may_activate = useMay('activate_policies');
  const { start, reason, confirmed, tried, status } = saving;
  const missing = tried && reason.trim() === '' ? 'Say why, in a few words.' : null;
  const unconfirmed = tried && needsConfirmation(draft, start) && confirmed !== confirmation;
  const may = may_write && (start === 'draft' || may_activate);
  const offered = status === 'active' ? starts.filter(({ value }) => value !== 'draft') : starts;
  const choose = (to: string) => {
    saving.set({ start: to as Start });
    if (to !== 'draft') change({ ...draft, mode: to });
  };
  return (
    <>
      <TextField
        label="Name"
        maxLength={200}
        placeholder={autoName(draft)}
        hint="Empty: as it is suggested."
        value={draft.name}
        error={errorAt('name')}
        onChange={(event) => change({ ...draft, name: event.target.value })}
      />
      <RadioField label="Begin as" value={start} options={offered} onChoose={choose} />
      <details>
        <summary>Description, owner, tags, end</summary>
        <div>
          <TextArea
            label="Description"
            maxLength={2000}
            value={draft.description ?? ''}
            onChange={(event) => change({ ...draft, description: event.target.value })}
          />
          <TextField
            label="Owner"
            value={draft.owner ?? ''}
            onChange={(event) => change({ ...draft, owner: event.target.value })}
          />
          <NamesField label="Tags" names={draft.tags ?? []} onChange={(tags) => change({ ...draft, tags })} />
          <TextField
            label="Ends by itself at"
            hint="In UTC, for example 2030-01-31T00:00:00Z. Empty: never."
            value={draft.expires_at ?? ''}
            error={errorAt('expires_at')}
            onChange={(event) => change({ ...draft, expires_at: event.target.value.trim() })}
          />
        </div>
      </details>
      {changes && <Changes of={changes} />}
      <TextArea
        label="Reason"
        hint="Required: kept in the ledger with your name."
        maxLength={500}
        required
        value={reason}
        error={missing}
        onChange={(event) => saving.set({ reason: event.target.value })}
      />
      {needsConfirmation(draft, start) && (
        <TextField
          label={`This can stop every call of the tenant. Type "${confirmation}" to go on`}
          value={confirmed}
          error={unconfirmed ? `Type "${confirmation}", or begin in shadow.` : null}
          onChange={(event) => saving.set({ confirmed: event.target.value })}
        />
      )}
      {saving.error && <Failed what={saving.error_about} error={saving.error} />}
      <div className={styles.row}>
        <Button kind="primary" disabled={!may || saving.is_busy} onClick={saving.save}>
          {saving.is_busy
            ? 'Saving …'
            : status === 'active' && start === 'enforce'
              ? 'Save, in force at once'
              : verbs[start]}
        </Button>
      </div>
      {!may && <p className="quiet">Your key may not {may_write ? 'activate' : 'write'} policies.</p>}
    </>
  );
}

function Changes({ of }: { of: readonly FieldChange[] }) {
  return (
    <section aria-label="What changes">
      <h3>What changes</h3>
      {of.length === 0 && <p className="quiet">Nothing yet.</p>}
      <ul style={{ display: 'grid', gap: 2 }}>
        {of.map((change) => (
          <li key={`${change.path} ${change.change}`} style={{ overflowWrap: 'anywhere' }}>
            {change.words}
          </li>
        ))}
      </ul>
    </section>
  );
}
