import { type ReactNode, useEffect, useState } from 'react';
import { Button } from './Button.tsx';
import { Glyph } from './Glyph.tsx';
import styles from './States.module.css';

/** Nothing to show: what that means, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {children && <div className="quiet">{children}</div>}
    </div>
  );
}

const unseen_ms = 150;
const said_ms = 2_000;

/** Nothing at once, then the bones of the layout, then what takes so long. */
export function Loading({ what, rows = 6 }: { what: string; rows?: number }) {
  const [phase, setPhase] = useState(0);
  useEffect(() => {
    const timers = [unseen_ms, said_ms].map((ms, at) => setTimeout(() => setPhase(at + 1), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  if (phase === 0) return null;
  return (
    <div role="status" aria-label={`Loading ${what}`}>
      <Skeleton rows={rows} />
      {phase === 2 && <p className="quiet">Loading {what} …</p>}
    </div>
  );
}

export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className={styles.bones} aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bones are all alike
        <span key={row} className={styles.bone} style={{ width: `${88 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

interface Failure {
  message: string;
  request_id?: string | null;
  /** Of the answer, as HTTP has it. */
  status?: number;
}

/** What failed, why, and what to do; in the place of what is missing. What a key may not see is no failure to try again. */
export function Failed({ what, error, onRetry }: { what: string; error: Failure; onRetry?: () => void }) {
  const is_denied = error.status === 403;
  return (
    <div className={`${styles.error} ${is_denied ? styles.denied : ''}`} role="alert">
      <h2>
        <Glyph name={is_denied ? 'circle' : 'cross'} /> {is_denied ? 'Not for this key' : what}
      </h2>
      <p>{error.message}</p>
      <div className={styles.actions}>
        {onRetry && !is_denied && (
          <Button small onClick={onRetry}>
            Try again
          </Button>
        )}
        {error.request_id && <code className="faint">{error.request_id}</code>}
      </div>
    </div>
  );
}

/** A band over the page about all that stands below it. */
export const Notice = ({ children }: { children: ReactNode }) => (
  <div className={styles.band} role="status">
    {children}
  </div>
);
