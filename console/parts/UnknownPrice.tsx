import { totalText } from '@aos/core/base/total.ts';
import { type Input, type Name, useApi } from '../api.ts';
import { LinkButton } from '../ui/Button.tsx';
import type { ChangeFiltering, Filtering } from '../ui/Filters.tsx';

const unknown = 'unknown';

interface Props {
  of: 'listLiveRuns' | 'listCompletedRuns';
  values: Filtering;
  onChange: ChangeFiltering;
}

/** Over a list that is narrowed by cost: the runs of which not all is known, and how to see them. */
export function UnknownPrice({ of, values, onChange }: Props) {
  const asked = values.cost ?? [];
  const is_compared = asked.length > 0 && !asked.includes(unknown);
  const query = { ...values, cost: [unknown], limit: 1 } as Input<Name>['query'];
  const { data } = useApi(of, { query } as Input<typeof of>, { staleTime: 30_000, enabled: is_compared });
  if (!is_compared || !data || data.total === 0) return null;
  const one = data.total === 1;
  return (
    <p style={{ margin: 0 }}>
      {totalText(data)} {one ? 'run has' : 'runs have'} calls of unknown price: {one ? 'it counts' : 'they count'} with
      what is known, and {one ? 'is' : 'are'} below nothing.{' '}
      <LinkButton onClick={() => onChange((now) => ({ ...now, cost: [...(now.cost ?? []), unknown] }))}>
        Show {one ? 'it' : 'them'} too
      </LinkButton>
    </p>
  );
}
