import { percentText } from './format.ts';
import styles from './Meter.module.css';

interface Props {
  /** Shares of the whole; both together may go beyond it. */
  used: number;
  held?: number;
  ticks?: readonly number[];
  /** Where it will be at its end if it goes on like this; beyond the whole, the whole is marked. */
  forecast?: number | undefined;
  tone?: 'info' | 'warn' | 'crit' | 'shadow';
  /** What is measured, in words. */
  label: string;
}

/** A forecast further beyond the whole than this stands at the end. */
const most_scale = 1.5;
const inside = (share: number): number => Math.max(0, Math.min(1, share));

/** How full something is: solid what is used, hatched what is held for calls under way, lines where warnings stand. */
export function Meter({ used, held = 0, ticks = [], forecast, tone = 'info', label }: Props) {
  const scale = Math.min(most_scale, Math.max(1, forecast ?? 1));
  const solid = inside(used / scale);
  const hatched = inside((used + held) / scale) - solid;
  return (
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(inside(used + held) * 100)}
      aria-valuetext={`${percentText(used + held)}${forecast === undefined ? '' : `, at this pace ${percentText(forecast)}`}`}
      className={`${styles.meter} ${styles[tone]}`}
    >
      <span className={styles.used} style={{ width: `${solid * 100}%` }} />
      {hatched > 0 && <span className={styles.held} style={{ left: `${solid * 100}%`, width: `${hatched * 100}%` }} />}
      {ticks
        .filter((tick) => tick > 0 && tick < 1)
        .map((tick) => (
          <span key={tick} className={styles.tick} style={{ left: `${(tick / scale) * 100}%` }} />
        ))}
      {scale > 1 && <span className={styles.whole} style={{ left: `${100 / scale}%` }} />}
      {forecast !== undefined && (
        <span className={styles.forecast} style={{ left: `${inside(forecast / scale) * 100}%` }} />
      )}
    </span>
  );
}
