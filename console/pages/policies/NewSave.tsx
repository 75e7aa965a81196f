import { NamesField } from '../../parts/NamesField.tsx';
import { autoName } from '../../parts/policy-draft.ts';
import { type Option, RadioField } from '../../parts/RadioField.tsx';
import { TextArea, TextField } from '../../ui/Field.tsx';
import { MomentField } from '../../ui/MomentField.tsx';
import type { Saving, Start } from './new-saving.ts';
import type { StepProps } from './new-steps.ts';

const starts: readonly Option[] = [
  { value: 'shadow', name: 'Shadow', hint: 'Decides on live calls and stops nothing: what it would do is recorded.' },
  { value: 'enforce', name: 'Enforce', hint: 'In force at once: no call is admitted without it.' },
  { value: 'draft', name: 'Draft', hint: 'Kept, and looked at by no call.' },
];

interface SaveProps extends StepProps {
  saving: Saving;
}

/** What it is called, and how it begins; why, and that it does, is asked when it is reviewed. */
export function NewSave({ draft, change, errorAt, saving }: SaveProps) {
  const { start, status } = saving;
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
        <summary>Description, owner, tags, start, end</summary>
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
          <MomentField
            label="Starts at"
            hint="Empty: as soon as it is in force. Until then it is scheduled, and applies to no call."
            value={draft.start_at ?? ''}
            error={errorAt('start_at')}
            onChange={(start_at) => change({ ...draft, start_at })}
          />
          <MomentField
            label="Ends by itself at"
            hint="Empty: never."
            value={draft.expires_at ?? ''}
            error={errorAt('expires_at')}
            onChange={(expires_at) => change({ ...draft, expires_at })}
          />
        </div>
      </details>
    </>
  );
}
