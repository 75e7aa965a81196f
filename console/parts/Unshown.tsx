import { type Input, type Name, useApi } from '../api.ts';
import { LinkButton } from '../ui/Button.tsx';
import type { Filtering } from '../ui/Filters.tsx';
import { exactText } from '../ui/format.ts';

interface Ways {
  values: Filtering;
  onChange: (values: Filtering) => void;
}

/** Whether what a demo or a scenario made is left out for want of a choice: nobody has asked for it. */
export const areLeftOut = (values: Filtering): boolean => (values.is_synthetic ?? []).length === 0;

interface Props<N extends Name> extends Ways {
  of: N;
  query: Input<N>['query'] | undefined;
  /** What the rows are, as in `306 synthetic runs`. */
  noun: string;
}

/** Under an empty list: the synthetic rows that it leaves out, and how to see them. Nothing where there are none. */
export function Unshown<N extends Name>({ of, query, noun, values, onChange }: Props<N>) {
  // A list of groups says how many things are in them, as its tabs do.
  const asked = { ...query, ...values, group: undefined, is_synthetic: 'true', limit: 1 } as Input<N>['query'];
  const { data } = useApi(of, { query: asked } as Input<N>, { staleTime: 30_000, enabled: areLeftOut(values) });
  if (!data || !areLeftOut(values)) return null;
  return <LeftOut count={(data as { total?: number | null }).total} noun={noun} values={values} onChange={onChange} />;
}

interface LeftOutProps extends Ways {
  /** Null: more than were counted. */
  count: number | null | undefined;
  noun: string;
}

/** How many synthetic ones are left out, and the two ways to them: all, or what is in the project of the demo. */
export function LeftOut({ count, noun, values, onChange }: LeftOutProps) {
  const projects = useApi('listProjects', { query: { limit: 200 } }, { staleTime: 60_000 });
  if (count === undefined || count === 0) return null;
  const has_demo = projects.data?.items.some(({ slug, retired_at }) => slug === 'demo' && retired_at === null);
  const one = count === 1;
  return (
    <p>
      {count === null ? 'More than 10,000' : exactText(count)} synthetic {one ? noun.replace(/s$/, '') : noun}{' '}
      {one ? 'is' : 'are'} not shown:{' '}
      <LinkButton onClick={() => onChange({ ...values, is_synthetic: ['all'] })}>show {one ? 'it' : 'them'}</LinkButton>
      {has_demo && (
        <>
          {' · '}
          <LinkButton onClick={() => onChange({ ...values, project: ['demo'] })}>open project demo</LinkButton>
        </>
      )}
    </p>
  );
}
