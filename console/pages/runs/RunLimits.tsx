import { useState } from 'react';
import { LimitRow } from '../../parts/LimitRow.tsx';
import type { LimitState } from '../../parts/limit-states.ts';
import { Button } from '../../ui/Button.tsx';
import styles from './Run.module.css';

const shown = 4;

/** How full each limit is that the run is governed by, the tightest first. */
export function RunLimits({ limits, is_over }: { limits: readonly LimitState[]; is_over: boolean }) {
  const [all, setAll] = useState(false);
  if (limits.length === 0) return null;
  const rest = limits.length - shown;
  return (
    <section className={styles.limits} aria-label="Limits on this run">
      {(all ? limits : limits.slice(0, shown)).map(({ limit, gauge, as_of }) => (
        <LimitRow key={`${limit.id} ${gauge.subject}`} limit={limit} gauge={gauge} as_of={as_of} />
      ))}
      {(rest > 0 || is_over) && (
        <div className={styles.below}>
          {is_over && 'The run has ended: limits that go on are shown as they are now.'}
          {rest > 0 && (
            <Button small kind="plain" onClick={() => setAll(!all)}>
              {all ? 'Only the tightest' : `+${rest} more`}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}
