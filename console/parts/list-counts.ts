import { naming } from '@aos/core/activity/named.ts';
import { type Answer, type Input, type Name, useApi } from '../api.ts';
import type { Counts } from '../ui/Filters.tsx';

/** Endpoints that answer with how many rows each value of a filter would list. */
export type FacetsEndpoint = Extract<Name, `get${string}Facets`>;

export interface CountedBy {
  of: FacetsEndpoint;
  /** What is always asked for, besides what the reader narrows the list to. */
  query?: Readonly<Record<string, unknown>>;
}

const nothing: CountedBy = { of: 'getRunFacets' };

export interface Counted {
  /** What could not be counted in time is not there. */
  counts: Counts | undefined;
  /** Of facets that are counted over the newest rows alone, how many these are. */
  newest: Readonly<Record<string, number>>;
}

/** How many rows of a list have each value of its filters. */
export function useCounts(by: CountedBy | undefined, asked: object): Counted {
  const { of, query } = by ?? nothing;
  const input = { query: { ...query, ...asked } } as Input<FacetsEndpoint>;
  const { data } = useApi(of, input, { staleTime: 5_000, enabled: by !== undefined });
  if (!data) return { counts: undefined, newest: {} };
  const facets = Object.entries(data as Answer<FacetsEndpoint>).flatMap(([facet, values]) =>
    Array.isArray(values)
      ? [[facet, new Map(values.map(({ value, ...about }) => [naming(value), about]))] as const]
      : [],
  );
  return { counts: Object.fromEntries(facets), newest: data.counted_newest };
}
