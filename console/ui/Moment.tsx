import styles from './Moment.module.css';

interface Props {
  label: string;
  /** An instant, or nothing. */
  value: string;
  onChange: (at: string[]) => void;
}

/** A moment in UTC that is written or chosen; empty takes it away. */
export const Moment = ({ label, value, onChange }: Props) => (
  <label className={styles.moment}>
    {label}{' '}
    <input
      type="datetime-local"
      key={value}
      defaultValue={value.slice(0, 16)}
      onBlur={({ target }) => {
        const at = target.value === '' ? null : `${target.value}:00.000Z`;
        if (at?.slice(0, 16) !== value.slice(0, 16)) onChange(at === null ? [] : [at]);
      }}
    />
  </label>
);
