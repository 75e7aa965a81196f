import { useState } from 'react';
import { LimitRow } from '../../parts/LimitRow.tsx';
import type { LimitStates, useLatestDecisions } from '../../parts/limit-states.ts';
import { Button } from '../../ui/Button.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import styles from './Run.module.css';

const shown = 4;

interface Props {
  /** By which the limits are known. */
  decisions: ReturnType<typeof useLatestDecisions>;
  limits: LimitStates;
  is_over: boolean;
}

/** How full each limit is that the run is governed by, the tightest first; what of that could not be read is said. */
export function RunLimits({ decisions, limits: { states, is_reading, failed, retry }, is_over }: Props) {
  const [all, setAll] = useState(false);
  const rest = states.length - shown;
  const [missed] = failed;
  const is_pending = decisions.isPending || (is_reading && states.length === 0);
  if (!is_pending && !decisions.error && !missed && states.length === 0) return null;
  return (
    <section className={styles.limits} aria-label="Limits on this run">
      {decisions.error && (
        <Failed
          what={decisions.data ? 'What is shown of its decisions is from before' : 'Its decisions could not be loaded'}
          error={decisions.error}
          onRetry={() => void decisions.refetch()}
        />
      )}
      {is_pending && <Loading what="the limits on the run" rows={1} />}
      {(all ? states : states.slice(0, shown)).map(({ limit, gauge, as_of, now }) => (
        <LimitRow key={`${limit.id} ${gauge.subject}`} limit={limit} gauge={gauge} as_of={as_of} now={now} />
      ))}
      {missed && (
        <Failed
          what={failed.length === 1 ? 'A limit could not be loaded' : `${failed.length} limits could not be loaded`}
          error={missed}
          onRetry={retry}
        />
      )}
      {(rest > 0 || (is_over && states.length > 0)) && (
        <div className={styles.below}>
          {is_over && 'The run has ended: each limit is shown as it was when it was last decided by.'}
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
