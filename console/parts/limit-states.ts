import { useQueries } from '@tanstack/react-query';
import { call, useApi } from '../api.ts';
import { ApiProblem } from '../problem.ts';
import { type LimitState, type Named, stateOf } from './limit-state.ts';

export interface LimitStates {
  states: readonly LimitState[];
  is_reading: boolean;
  /** Those whose state could not be read; a limit that is no part of its policy any more has none. */
  failed: readonly ApiProblem[];
  retry: () => void;
}

/**
 * Their states, tightest first: the numbers that enforcement itself goes by, now or, of a run that is over, when it last
 * decided about it.
 */
export function useLimitStates(named: readonly Named[], every_ms: number, is_over = false): LimitStates {
  const states = useQueries({
    queries: named.map(({ of }) => {
      const input = { params: { id: of.control_id }, query: { subject: of.subject ?? undefined } };
      return {
        queryKey: ['getLimitState', input],
        queryFn: ({ signal }: { signal: AbortSignal }) => call('getLimitState', input, signal),
        refetchInterval: every_ms,
      };
    }),
  });
  const failed = states.flatMap(({ error, data }) => (data === undefined && isMissed(error) ? [error] : []));
  return {
    states: states
      .flatMap(({ data }, at) => (data && named[at] ? stateOf(data, named[at], is_over) : []))
      .sort((a, b) => shareOf(b) - shareOf(a)),
    is_reading: states.some(({ isPending }) => isPending),
    failed,
    retry: () => {
      for (const { isError, refetch } of states) if (isError) void refetch();
    },
  };
}

const isMissed = (error: Error | null): error is ApiProblem => error instanceof ApiProblem && error.status !== 404;

const shareOf = ({ fill }: LimitState): number => fill.used + fill.held;

/** The latest decisions of a run, as many as show what it is governed by. */
export const useLatestDecisions = (run_id: string, limit: number) =>
  useApi('listRunDecisions', { params: { id: run_id }, query: { limit } }, { staleTime: 30_000 });
