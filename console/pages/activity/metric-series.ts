import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Answer, call, useApi } from '../../api.ts';
import type { Filtering } from '../../ui/Filters.tsx';

export type Metrics = Answer<'getMetrics'>;
export type Breakdown = 'model' | 'agent' | 'project';

const hour_ms = 3_600_000;
export const ranges = {
  '1h': { ms: hour_ms, bucket: 'minute', name: '1 hour' },
  '24h': { ms: 24 * hour_ms, bucket: 'hour', name: '24 hours' },
  '7d': { ms: 168 * hour_ms, bucket: 'hour', name: '7 days' },
  '30d': { ms: 720 * hour_ms, bucket: 'day', name: '30 days' },
} as const;
export type RangeName = keyof typeof ranges;
const bucket_ms = { minute: 60_000, hour: hour_ms, day: 24 * hour_ms };

/** What is asked for: a stretch that was marked, or one of the usual ones up to now. */
export function useRange(values: Filtering, range: RangeName) {
  const [from, to] = [values.from?.[0], values.to?.[0]];
  const { ms, bucket } = ranges[range];
  const width_ms = bucket_ms[bucket];
  const since_ms = Math.floor((Date.now() - ms) / width_ms) * width_ms + width_ms;
  return useMemo(() => {
    if (from === undefined) return { from: new Date(since_ms).toISOString(), to: undefined, bucket, is_marked: false };
    return { from, to, bucket: undefined, is_marked: true };
  }, [from, to, since_ms, bucket]);
}

const calm = { refetchInterval: 30_000, staleTime: 10_000 } as const;

/** The figures of the range, of the one before it, and what was decided meanwhile. */
export function useMetrics(values: Filtering, range: ReturnType<typeof useRange>) {
  const { is_marked, ...time } = range;
  const more = { ...calm, refetchInterval: is_marked ? (false as const) : calm.refetchInterval };
  const asked = { ...values, ...time };
  const now = useApi('getMetrics', { query: asked }, { ...more, placeholderData: (before) => before });
  const outcomes = useApi('getOutcomes', { query: asked }, { ...more, placeholderData: (before) => before });
  const from_ms = Date.parse(time.from);
  const to_ms = time.to === undefined ? Math.floor(Date.now() / hour_ms) * hour_ms : Date.parse(time.to);
  const earlier = { from: new Date(from_ms - (to_ms - from_ms)).toISOString(), to: time.from, bucket: 'day' };
  const before = useApi('getMetrics', { query: { ...values, ...earlier } }, calm);
  return { asked, now, outcomes, before };
}

const most_lines = 5;

export interface PartSeries {
  name: string;
  buckets: Metrics['buckets'];
}

/** The dearest parts of a breakdown, each with its figures over time. */
export function useParts(
  metrics: Metrics | undefined,
  by: Breakdown,
  values: Filtering,
  range: ReturnType<typeof useRange>,
): PartSeries[] {
  const { is_marked: _marked, ...time } = range;
  const names = namesOf(metrics, by).slice(0, most_lines);
  const parts = useQueries({
    queries: names.map((name) => {
      const input = { query: { ...values, ...time, [by]: [name] } };
      return {
        queryKey: ['getMetrics', input],
        queryFn: ({ signal }: { signal: AbortSignal }) => call('getMetrics', input, signal),
        ...calm,
      };
    }),
  });
  return names.map((name, at) => ({ name, buckets: parts[at]?.data?.buckets ?? [] }));
}

function namesOf(metrics: Metrics | undefined, by: Breakdown): string[] {
  return rowsOf(metrics, by).flatMap(({ name }) => name ?? []);
}

export interface PartRow {
  name: string | null;
  cost_usd: string;
  calls: number;
  refused: number;
}

/** The parts of a breakdown, the dearest first; null: calls without one. */
export function rowsOf(metrics: Metrics | undefined, by: Breakdown): PartRow[] {
  if (!metrics) return [];
  if (by === 'model') return metrics.by_model.map((part) => ({ ...part, name: part.model }));
  if (by === 'agent') return metrics.by_agent.map((part) => ({ ...part, name: part.agent_slug }));
  return metrics.by_project.map((part) => ({ ...part, name: part.project_slug }));
}
