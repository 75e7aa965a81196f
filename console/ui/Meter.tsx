import { percentText } from './format.ts';
import styles from './Meter.module.css';

interface Props {
  /** Shares of the whole; both together may go beyond it. */
  used: number;
  held?: number;
  ticks?: readonly number[];
  tone?: 'info' | 'warn' | 'crit' | 'shadow';
  /** What is measured, in words. */
  label: string;
}

const inside = (share: number): number => Math.max(0, Math.min(1, share));

/** How full something is: solid what is used, hatched what is held for calls under way, lines where warnings stand. */
export function Meter({ used, held = 0, ticks = [], tone = 'info', label }: Props) {
  const solid = inside(used);
  const hatched = inside(used + held) - solid;
  return (
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(inside(used + held) * 100)}
      aria-valuetext={percentText(used + held)}
      className={`${styles.meter} ${styles[tone]}`}
    >
      <span className={styles.used} style={{ width: `${solid * 100}%` }} />
      {hatched > 0 && <span className={styles.held} style={{ left: `${solid * 100}%`, width: `${hatched * 100}%` }} />}
      {ticks
        .filter((tick) => tick > 0 && tick < 1)
        .map((tick) => (
          <span key={tick} className={styles.tick} style={{ left: `${tick * 100}%` }} />
        ))}
    </span>
  );
}
