import { type Total, totalText } from '@aos/core/base/total.ts';
import { type Input, type Name, useApi } from '../api.ts';
import { LinkButton } from '../ui/Button.tsx';
import { chosenText, type Filtering } from '../ui/Filters.tsx';
import { all_time } from './time-range.ts';

interface Props<N extends Name> {
  of: N;
  query: Input<N>['query'] | undefined;
  values: Filtering;
  /** The time it is of, besides. */
  within: { from?: string };
  onChange: (values: Filtering) => void;
  /** Lets it be of all time. */
  onAllTime?: (span: string) => void;
}

/** For a list that is narrowed to nothing: what each filter hides. */
export function Loosening<N extends Name>({ of, query, values, within, onChange, onAllTime }: Props<N>) {
  const chosen = Object.entries(values).filter(([, of_name]) => of_name.length > 0);
  return (
    <ul>
      {within.from !== undefined && (
        <li>
          <LinkButton onClick={() => onAllTime?.(all_time)}>Look at all time</LinkButton>{' '}
          <Gain of={of} query={{ ...query, ...values, limit: 1 } as Input<N>['query']} />
        </li>
      )}
      {chosen.map(([name, of_name]) => {
        const without = { ...values, [name]: [] };
        return (
          <li key={name}>
            <LinkButton onClick={() => onChange(without)}>
              Remove {filterWords(name)}: {of_name.map(chosenText).join(', ')}
            </LinkButton>{' '}
            <Gain of={of} query={{ ...query, ...without, ...within, limit: 1 } as Input<N>['query']} />
          </li>
        );
      })}
    </ul>
  );
}

/** `unfired_days` is _unfired days_, `is_synthetic` is _synthetic_. */
const filterWords = (name: string): string => (name === 'q' ? 'text' : name.replace(/^is_/, '').replaceAll('_', ' '));

function Gain<N extends Name>({ of, query }: { of: N; query: Input<N>['query'] }) {
  const { data } = useApi(of, { query } as Input<N>, { staleTime: 30_000 });
  if (!data) return null;
  return <span className="quiet">0 → {totalText(data as unknown as Total)}</span>;
}
