import { type Total, totalText } from '@aos/core/base/total.ts';
import { type Input, type Name, useApi } from '../api.ts';
import { LinkButton } from '../ui/Button.tsx';
import type { Filtering } from '../ui/Filters.tsx';

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
  /** The time it is of, besides. */
  within: { from?: string };
}

/** Under an empty list: the synthetic rows that it leaves out, and how to see them. Nothing where there are none. */
export function Unshown<N extends Name>({ of, query, noun, values, within, onChange }: Props<N>) {
  // A list of groups says how many things are in them, as its tabs do.
  const asked = {
    ...query,
    ...values,
    ...within,
    group: undefined,
    is_synthetic: 'true',
    limit: 1,
  } as Input<N>['query'];
  const { data } = useApi(of, { query: asked } as Input<N>, { staleTime: 30_000, enabled: areLeftOut(values) });
  if (!data || !areLeftOut(values)) return null;
  return <LeftOut of={data as unknown as Total} noun={noun} values={values} onChange={onChange} />;
}

interface LeftOutProps extends Ways {
  of: Total;
  noun: string;
}

/** How many synthetic ones are left out, and the two ways to them: all, or what is in the project of the demo. */
export function LeftOut({ of, noun, values, onChange }: LeftOutProps) {
  const projects = useApi('listProjects', { query: { limit: 200 } }, { staleTime: 60_000 });
  if (of.total === 0) return null;
  const has_demo = projects.data?.items.some(({ slug, retired_at }) => slug === 'demo' && retired_at === null);
  const one = of.total === 1;
  return (
    <p>
      {totalText(of)} synthetic {one ? noun.replace(/s$/, '') : noun} {one ? 'is' : 'are'} not shown:{' '}
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
