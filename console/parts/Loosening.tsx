import { type Input, type Name, useApi } from '../api.ts';
import { LinkButton } from '../ui/Button.tsx';
import { chosenText, type Filtering } from '../ui/Filters.tsx';
import { exactText } from '../ui/format.ts';

interface Props<N extends Name> {
  of: N;
  query: Input<N>['query'] | undefined;
  values: Filtering;
  onChange: (values: Filtering) => void;
}

/** For a list that is narrowed to nothing: what each filter hides. */
export function Loosening<N extends Name>({ of, query, values, onChange }: Props<N>) {
  const chosen = Object.entries(values).filter(([, of_name]) => of_name.length > 0);
  return (
    <ul>
      {chosen.map(([name, of_name]) => {
        const without = { ...values, [name]: [] };
        return (
          <li key={name}>
            <LinkButton onClick={() => onChange(without)}>
              Remove {name}: {of_name.map(chosenText).join(', ')}
            </LinkButton>{' '}
            <Gain of={of} query={{ ...query, ...without, limit: 1 } as Input<N>['query']} />
          </li>
        );
      })}
    </ul>
  );
}

function Gain<N extends Name>({ of, query }: { of: N; query: Input<N>['query'] }) {
  const { data } = useApi(of, { query } as Input<N>, { staleTime: 30_000 });
  if (!data) return null;
  const { total } = data as { total?: number | null };
  return <span className="quiet">0 → {total === null ? 'more than 10,000' : exactText(total ?? 0)}</span>;
}
