import { NamesField } from '../../parts/NamesField.tsx';
import type { DraftPause } from '../../parts/policy-draft.ts';
import { CheckField, RadioField } from '../../parts/RadioField.tsx';
import { SelectField, TextArea, TextField } from '../../ui/Field.tsx';
import styles from './New.module.css';
import type { StepProps } from './new-steps.ts';

const options = [
  { value: 'continue', name: 'Continue', hint: 'The call passes and is recorded.' },
  { value: 'warn', name: 'Warn', hint: 'The call passes; its answer carries a warning.' },
  {
    value: 'pause',
    name: 'Pause',
    hint: 'The call waits for room; then a person is asked and the run waits for the answer.',
  },
  { value: 'block', name: 'Block', hint: 'Hard stop: the call is refused before it reaches the provider.' },
  { value: 'kill', name: 'Kill', hint: 'The call is refused, and its run is ended for good.' },
];

const details = [
  { value: 'full', name: 'Everything', hint: 'The policy, its amounts and when they are reset.' },
  {
    value: 'minimal',
    name: 'No amounts',
    hint: 'That a policy refused, and where those who may can read why; for all controls of this policy.',
  },
];

const usual: DraftPause = { wait_seconds: 30, timeout_seconds: 3600, on_timeout: 'block', ask: [] };

/** What happens to a call at the limit. */
export function NewAction({ draft, change, control, changeControl, errorAt, at }: StepProps) {
  const pause = control.pause ?? usual;
  const set = (part: Partial<DraftPause>) => changeControl({ ...control, pause: { ...pause, ...part } });
  const choose = (action: string) => {
    const { pause: _, ...rest } = control;
    changeControl({ ...rest, action, ...(action === 'pause' && { pause }) });
  };
  return (
    <>
      <RadioField label="At the limit" value={control.action} options={options} onChoose={choose} />
      {control.action === 'pause' && (
        <div className={styles.more}>
          <div className={styles.row}>
            <TextField
              label="Wait for room, seconds"
              inputMode="numeric"
              value={pause.wait_seconds}
              error={errorAt(`${at}.pause.wait_seconds`)}
              onChange={(event) => set({ wait_seconds: event.target.value })}
            />
            <TextField
              label="Time to decide, seconds"
              inputMode="numeric"
              value={pause.timeout_seconds}
              error={errorAt(`${at}.pause.timeout_seconds`)}
              onChange={(event) => set({ timeout_seconds: event.target.value })}
            />
            <SelectField
              label="If nobody decides"
              value={pause.on_timeout}
              choices={[
                { value: 'block', name: 'the call is refused' },
                { value: 'continue', name: 'the call passes' },
              ]}
              onChoose={(on_timeout) => set({ on_timeout })}
            />
          </div>
          <NamesField
            label="Who may decide"
            hint="Roles or actors; empty: everybody who may operate runs."
            names={pause.ask}
            error={errorAt(`${at}.pause.ask`)}
            onChange={(ask) => set({ ask })}
          />
        </div>
      )}
      <TextArea
        label="Message to the caller (optional)"
        hint="Stands in the error, beside what was reached."
        maxLength={500}
        value={control.message ?? ''}
        error={errorAt(`${at}.message`)}
        onChange={(event) => changeControl({ ...control, message: event.target.value })}
      />
      <RadioField
        label="Callers are told"
        value={draft.error_detail ?? 'full'}
        options={details}
        onChoose={(error_detail) => change({ ...draft, error_detail })}
      />
      <CheckField
        label="Open an incident"
        checked={control.incident ?? ['block', 'kill'].includes(control.action)}
        onChange={(incident) => changeControl({ ...control, incident })}
      />
    </>
  );
}
