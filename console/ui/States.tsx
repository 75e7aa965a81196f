import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { Said } from './Amount.tsx';
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
const offered_ms = 10_000;

/** Gives up what the page waits for; null: that cannot be given up. */
export const GiveUp = createContext<(() => void) | null>(null);

/** What of a wait is to be seen by now: nothing, that there is one, for what it is, and the way out of it. */
function useWaited(): 'unseen' | 'seen' | 'said' | 'offered' {
  const [phase, setPhase] = useState<'unseen' | 'seen' | 'said' | 'offered'>('unseen');
  useEffect(() => {
    const timers = (
      [
        ['seen', unseen_ms],
        ['said', said_ms],
        ['offered', offered_ms],
      ] as const
    ).map(([to, ms]) => setTimeout(() => setPhase(to), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  return phase;
}

/**
 * Nothing to be seen at once, then the bones of the layout, then what takes so long, then the way out. That something
 * loads stands in the page from the first moment, for whoever waits for its end.
 */
export function Loading({ what, rows = 6 }: { what: string; rows?: number }) {
  const phase = useWaited();
  return (
    <div role="status" aria-label={`Loading ${what}`} hidden={phase === 'unseen'}>
      {(phase === 'said' || phase === 'offered') && <Waiting doing={`Loading ${what}`} is_long={phase === 'offered'} />}
      {phase !== 'unseen' && <Skeleton rows={rows} />}
    </div>
  );
}

/** The same in one line, for what comes to something that is there. */
export function LoadingMore({ what }: { what: string }) {
  const phase = useWaited();
  if (phase === 'unseen' || phase === 'seen') return null;
  return (
    <span role="status">
      <Waiting doing={`Loading ${what}`} is_long={phase === 'offered'} />
    </span>
  );
}

function Waiting({ doing, is_long }: { doing: string; is_long: boolean }) {
  const giveUp = useContext(GiveUp);
  return (
    <span className={styles.waiting}>
      {doing}
      {is_long ? ': the server has not answered for 10 s.' : ' …'}
      {is_long && giveUp && (
        <Button small onClick={giveUp}>
          Cancel
        </Button>
      )}
    </span>
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
  code?: string;
}

/** What failed, why, and what to do; in the place of what is missing. What a key may not see is no failure to try again. */
export function Failed({ what, error, onRetry }: { what: string; error: Failure; onRetry?: () => void }) {
  const is_denied = error.status === 403;
  const is_cancelled = error.code === 'cancelled';
  const is_quiet = is_denied || is_cancelled;
  return (
    <div className={`${styles.error} ${is_quiet ? styles.quiet : ''}`} role="alert">
      <h2>
        <Glyph name={is_quiet ? 'circle' : 'cross'} />{' '}
        {is_denied ? 'Not for this key' : is_cancelled ? 'Cancelled' : what}
      </h2>
      <p>
        <Said text={error.message} />
      </p>
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
