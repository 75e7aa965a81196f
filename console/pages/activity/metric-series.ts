import { naming } from '@aos/core/activity/named.ts';
import { useQueries } from '@tanstack/react-query';
import { type Answer, call, type Input, useApi } from '../../api.ts';
import type { Filtering } from '../../ui/Filters.tsx';
import { earlierOf, type Range } from './metric-range.ts';

export type Metrics = Answer<'getMetrics'>;
export type Outcomes = Answer<'getOutcomes'>;

/** What cost is told apart by, under the names of the filters, with what the page calls each. */
export const breakdowns = {
  model: 'model',
  agent: 'agent',
  project: 'project',
  api_key: 'key',
  actor: 'actor',
} as const;
export type Breakdown = keyof typeof breakdowns;

/** There may be very many people and keys, so these are told apart only when it is asked for. */
const isOfAskers = (by: Breakdown): boolean => by === 'api_key' || by === 'actor';

/** Figures stand still while a stretch is marked, and are new every half a minute otherwise. */
const calmFor = ({ is_marked }: Range) => ({
  staleTime: 10_000,
  refetchInterval: is_marked ? (false as const) : 30_000,
});

/** The figures of the range and what was decided meanwhile; and both for the time before. */
export function useMetrics(values: Filtering, range: Range, by: Breakdown, is_compared: boolean) {
  const { is_marked: _, ...time } = range;
  const calm = calmFor(range);
  const group_by = isOfAskers(by) ? by : undefined;
  const asked = { ...values, ...time };
  const now = useApi('getMetrics', { query: { ...asked, group_by } }, { ...calm, placeholderData: (before) => before });
  const outcomes = useApi('getOutcomes', { query: asked }, { ...calm, placeholderData: (before) => before });
  const earlier = { ...values, ...earlierOf(range, Date.now()) };
  const before = useApi('getMetrics', { query: earlier }, calm);
  const outcomes_before = useApi('getOutcomes', { query: earlier }, { ...calm, enabled: is_compared });
  // Who is dear now need not have been among the dearest then.
  const dearest = rowsOf(now.data, by).flatMap(({ id }) => (id === null ? [] : naming(id)));
  const askers = { ...earlier, group_by, ...(group_by && { [group_by]: dearest.slice(0, most_named) }) };
  const is_asked = group_by !== undefined && dearest.length > 0;
  const askers_before = useApi('getMetrics', { query: askers }, { ...calm, enabled: is_asked });
  return {
    asked: { ...asked, group_by },
    now,
    outcomes,
    before: before.data,
    outcomes_before: outcomes_before.data,
    /** The parts as they were before. */
    parts_before: group_by ? askers_before.data : before.data,
  };
}

const most_lines = 5;
/** The dearest that a table names. */
export const most_named = 10;

export interface PartSeries {
  name: string;
  /** The filter for what is of this part alone. */
  of: Filtering;
  buckets: Metrics['buckets'];
}

/** The dearest parts of a breakdown, each with its figures over time. */
export function useParts(metrics: Metrics | undefined, by: Breakdown, values: Filtering, range: Range): PartSeries[] {
  const parts = rowsOf(metrics, by)
    .flatMap(({ id, name }) => (id === null ? [] : { name: name ?? id, of: { [by]: [naming(id)] } }))
    .slice(0, most_lines);
  return useSeries(parts, values, range);
}

const most_providers = 3;

/** The providers with the most calls, each with its figures over time. */
export function useProviders(metrics: Metrics | undefined, values: Filtering, range: Range): PartSeries[] {
  const calls = new Map<string, number>();
  for (const { provider, calls: of_model } of metrics?.by_model ?? [])
    if (provider !== null) calls.set(provider, (calls.get(provider) ?? 0) + of_model);
  const parts = [...calls]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most_providers)
    .map(([name]) => ({ name, of: { provider: [naming(name)] } }));
  return useSeries(parts, values, range);
}

function useSeries(parts: readonly Omit<PartSeries, 'buckets'>[], values: Filtering, range: Range): PartSeries[] {
  const { is_marked: _, ...time } = range;
  const answers = useQueries({
    queries: parts.map(({ of }) => {
      const input: Input<'getMetrics'> = { query: { ...values, ...time, ...of } };
      return {
        queryKey: ['getMetrics', input],
        queryFn: ({ signal }: { signal: AbortSignal }) => call('getMetrics', input, signal),
        ...calmFor(range),
      };
    }),
  });
  return parts.map((part, at) => ({ ...part, buckets: answers[at]?.data?.buckets ?? [] }));
}

export interface PartRow {
  /** What a filter names it by; null: calls without one. */
  id: string | null;
  name: string | null;
  cost_usd: string;
  calls: number;
  refused: number;
}

/** The parts of a breakdown, the dearest first. */
export function rowsOf(metrics: Metrics | undefined, by: Breakdown): PartRow[] {
  if (!metrics) return [];
  const named = <Part extends object>(parts: readonly Part[], nameOf: (part: Part) => string | null) =>
    parts.map((part) => ({ ...part, id: nameOf(part), name: nameOf(part) }));
  if (by === 'model') return named(metrics.by_model, ({ model }) => model);
  if (by === 'agent') return named(metrics.by_agent, ({ agent_slug }) => agent_slug);
  if (by === 'project') return named(metrics.by_project, ({ project_slug }) => project_slug);
  return metrics.by_asker?.of === by ? metrics.by_asker.items : [];
}
