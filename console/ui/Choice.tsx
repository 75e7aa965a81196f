import { Button } from './Button.tsx';
import styles from './Choice.module.css';

interface Props {
  label: string;
  /** What can be chosen, each with its name. */
  of: readonly (readonly [value: string, name: string])[];
  chosen: string;
  onChoose: (value: string) => void;
}

/** One of a few, all in sight. */
export const Choice = ({ label, of, chosen, onChoose }: Props) => (
  <fieldset className={styles.choice}>
    <legend className="only-read">{label}</legend>
    {of.map(([value, name]) => (
      <Button key={value} small kind="plain" aria-pressed={value === chosen} onClick={() => onChoose(value)}>
        {name}
      </Button>
    ))}
  </fieldset>
);
