import { exactly } from '@aos/core/base/total.ts';
import { useApi } from '../../api.ts';
import { areLeftOut, LeftOut } from '../../parts/Unshown.tsx';
import type { Filtering } from '../../ui/Filters.tsx';
import { Time } from '../../ui/Time.tsx';
import type { Metrics } from './metric-series.ts';

interface Props {
  of: Metrics;
  values: Filtering;
  onChange: (values: Filtering) => void;
}

/** Where no call is counted: when there was one, and how many synthetic ones of the same time are left out. */
export function NoTraffic({ of: { from, to }, values, onChange }: Props) {
  const last = useApi('listRuns', { query: { ...values, from: undefined, to, limit: 1 } }, { staleTime: 30_000 });
  const made_up = useApi(
    'getMetrics',
    { query: { ...values, from, to, is_synthetic: 'true' } },
    { staleTime: 30_000, enabled: areLeftOut(values) },
  );
  const [run] = last.data?.items ?? [];
  return (
    <div>
      <p>
        No traffic in range
        {run && (
          <>
            ; last call <Time at={run.last_activity_at} />
          </>
        )}
        {last.data && !run && '; nothing like it has been called before'}.
      </p>
      {areLeftOut(values) && (
        <LeftOut of={exactly(made_up.data?.totals.calls ?? 0)} noun="calls" values={values} onChange={onChange} />
      )}
    </div>
  );
}
