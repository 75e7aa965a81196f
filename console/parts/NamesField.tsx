import { type ReactNode, useId, useState } from 'react';
import { Field } from '../ui/Field.tsx';
import { ChosenNames } from './ChosenNames.tsx';
import styles from './Wizard.module.css';

export interface Suggestion {
  value: string;
  name: string;
}

interface Props {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  names: readonly string[];
  suggestions?: readonly Suggestion[];
  onChange: (names: string[]) => void;
}

/** Several names, with those that are known offered while one is typed; Enter, a comma or leaving the field adds it. */
export function NamesField({ label, hint, error, names, suggestions = [], onChange }: Props) {
  const [typed, setTyped] = useState('');
  const list = useId();
  const add = (text: string) => {
    const more = text
      .split(/[,\s]+/)
      .map((one) => suggestions.find(({ name }) => name === one)?.value ?? one)
      .filter((one) => one !== '' && !names.includes(one));
    setTyped('');
    if (more.length > 0) onChange([...names, ...new Set(more)]);
  };
  const nameOf = (value: string) => suggestions.find((one) => one.value === value)?.name ?? value;
  return (
    <div className={styles.names}>
      <Field label={label} hint={hint} error={error}>
        {(wired) => (
          <input
            type="text"
            autoComplete="off"
            spellCheck={false}
            {...wired}
            list={list}
            value={typed}
            onChange={(event) =>
              event.target.value.endsWith(',') ? add(event.target.value) : setTyped(event.target.value)
            }
            onBlur={() => add(typed)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && !event.metaKey && !event.ctrlKey) {
                event.preventDefault();
                add(typed);
              } else if (event.key === 'Backspace' && typed === '' && names.length > 0) onChange(names.slice(0, -1));
            }}
          />
        )}
      </Field>
      <datalist id={list}>
        {suggestions.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </datalist>
      <ChosenNames
        label={label}
        names={names}
        nameOf={nameOf}
        onRemove={(name) => onChange(names.filter((one) => one !== name))}
      />
    </div>
  );
}
