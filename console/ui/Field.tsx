import { type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes, useId } from 'react';
import styles from './Field.module.css';
import { Glyph } from './Glyph.tsx';

interface About {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
}

interface Wired {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
  className: string | undefined;
}

/** A label, its control, a hint and what is wrong, tied together; `children` gets what the control must carry. */
export function Field({ label, hint, error, children }: About & { children: (wired: Wired) => ReactNode }) {
  const id = useId();
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': about || undefined,
        'aria-invalid': error ? true : undefined,
        className: styles.input,
      })}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.wrong}>
          <Glyph name="cross" /> {error}
        </p>
      )}
    </div>
  );
}

type InputProps = About & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> };

export function TextField({ label, hint, error, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wired) => <input type="text" autoComplete="off" {...rest} {...wired} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, ...rest }: About & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wired) => <textarea rows={2} {...rest} {...wired} />}
    </Field>
  );
}

interface Choice {
  value: string;
  name: string;
}

type SelectProps = About & { value: string; choices: readonly Choice[]; onChoose: (value: string) => void };

export function SelectField({ label, hint, error, value, choices, onChoose }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wired) => (
        <select {...wired} value={value} onChange={(event) => onChoose(event.target.value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
