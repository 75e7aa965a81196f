import type { ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { Glyph } from '../ui/Glyph.tsx';
import styles from './Wizard.module.css';

interface Props {
  label: string;
  names: readonly string[];
  nameOf: (value: string) => string;
  /** What is to be known of one beside its name. */
  about?: (value: string) => ReactNode;
  onRemove: (value: string) => void;
}

/** The names that a field holds, each with a button that takes it out. */
export function ChosenNames({ label, names, nameOf, about, onRemove }: Props) {
  if (names.length === 0) return null;
  return (
    <ul className={styles.chosen} aria-label={`${label}: chosen`}>
      {names.map((name) => (
        <li key={name}>
          {nameOf(name)}
          {about?.(name)}
          <Button small kind="plain" aria-label={`Remove ${nameOf(name)}`} onClick={() => onRemove(name)}>
            <Glyph name="cross" size={10} />
          </Button>
        </li>
      ))}
    </ul>
  );
}
