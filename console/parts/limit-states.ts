import { useQueries } from '@tanstack/react-query';
import { type Answer, call, type Item, useApi } from '../api.ts';
import { ApiProblem } from '../problem.ts';
import { type Fill, fillOf, type Gauge, type Limit } from './gauge.ts';

export interface LimitState {
  limit: Limit;
  gauge: Gauge;
  fill: Fill;
  /** When it was so, where there is no present balance any more; null: now. */
  as_of: string | null;
}

export interface LimitStates {
  states: readonly LimitState[];
  is_reading: boolean;
  /** Those whose state could not be read; a limit that is no part of its policy any more has none. */
  failed: readonly ApiProblem[];
  retry: () => void;
}

type Decided = Pick<Item<'listRunDecisions'>, 'contributions' | 'decided_at'>;
type Contribution = Decided['contributions'][number];

interface Named {
  of: Contribution;
  decided_at: string;
}

/** The limits that the latest decisions of a run were made under, each with the subject whose balance counted. */
export function limitsOf(decisions: readonly Decided[]): Named[] {
  const named = new Map<string, Named>();
  for (const { contributions, decided_at } of decisions)
    for (const of of contributions) {
      const name = `${of.control_id} ${of.subject}`;
      const is_limit = of.unit !== null && of.control_id.startsWith('ctl_');
      if (is_limit && !named.has(name)) named.set(name, { of, decided_at });
    }
  return [...named.values()];
}

/** Their present state, tightest first: the numbers that enforcement itself goes by. */
export function useLimitStates(named: readonly Named[], every_ms: number): LimitStates {
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
      .flatMap(({ data }, at) => (data ? stateOf(data, named[at]) : []))
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

/** Its balance now; one that is over with the run is shown as it was when it was last decided by. */
function stateOf(limit: Answer<'getLimitState'>, named: Named | undefined): LimitState[] {
  const [now] = limit.items;
  if (now) return [{ limit, gauge: now, fill: fillOf(now, limit), as_of: null }];
  const gauge = named && lastOf(named.of);
  return gauge ? [{ limit, gauge, fill: fillOf(gauge, limit), as_of: named.decided_at }] : [];
}

function lastOf({ subject, unit, limit, used, reserved, remaining }: Contribution): Gauge | null {
  if (unit === null || limit === null || used === null) return null;
  return {
    subject: subject ?? '*',
    unit,
    cap: limit,
    base_cap: limit,
    override: null,
    posted: used,
    pending: reserved ?? 0,
    remaining: remaining ?? 0,
    window: { start: null, end: null },
    resets_at: null,
    burn: null,
    empties_at: null,
  };
}

/** The latest decisions of a run, as many as show what it is governed by. */
export const useLatestDecisions = (run_id: string, limit: number) =>
  useApi('listRunDecisions', { params: { id: run_id }, query: { limit } }, { staleTime: 30_000 });
