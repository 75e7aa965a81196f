import { QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { type EventType, useEvents } from './events.ts';
import { ApiProblem } from './problem.ts';
import { useNow } from './ui/Time.tsx';

export type LiveState = 'live' | 'paused' | 'stale';

interface Live {
  state: LiveState;
  /** When the server was last heard of, in milliseconds since 1970. */
  heard_ms: number;
  setPaused: (paused: boolean) => void;
}

const LiveContext = createContext<Live>({ state: 'live', heard_ms: 0, setPaused: () => undefined });

/** Whether what is shown is of now. */
export const useLive = (): Live => useContext(LiveContext);

const silent_ms = 5_000;
/** What changes without an event, as time passes: windows end, forecasts move. */
const drift_ms = 10_000;

export const makeQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        retry: (count, error) => error instanceof ApiProblem && error.code === 'unreachable' && count < 1,
        refetchOnWindowFocus: true,
        networkMode: 'always',
      },
      // Without it, what is done while the browser knows of no network would be kept, and done later.
      mutations: { networkMode: 'always' },
    },
  });

/**
 * Keeps what is shown fresh: the stream of events says what has changed, and what shows it is asked for again, at most
 * once a second. A stream that is silent for five seconds is said to be silent.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const heard = useRef(Date.now());
  const [paused, setPaused] = useState(false);
  const now_ms = useNow();
  const freshen = useCallback(
    (told: ReadonlySet<EventType>) =>
      void client.invalidateQueries({ predicate: ({ queryKey }) => concerns(told, String(queryKey[0])) }),
    [client],
  );
  useEvents(paused ? null : '/api/v1/events', {
    onEvents: freshen,
    onBeat: () => {
      const was_silent = Date.now() - heard.current > silent_ms;
      heard.current = Date.now();
      if (was_silent) freshen(new Set(['behind']));
    },
  });
  useEffect(() => {
    const onSight = () => {
      heard.current = Date.now();
    };
    const timer = setInterval(() => !paused && !document.hidden && freshen(new Set(['behind'])), drift_ms);
    document.addEventListener('visibilitychange', onSight);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onSight);
    };
  }, [paused, freshen]);
  const choosePaused = useCallback(
    (to: boolean) => {
      heard.current = Date.now();
      setPaused(to);
      if (!to) freshen(new Set(['behind']));
    },
    [freshen],
  );
  const state = paused ? 'paused' : now_ms - heard.current > silent_ms ? 'stale' : 'live';
  const live = { state, heard_ms: heard.current, setPaused: choosePaused } as const;
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

/** What hardly changes, or costs much to ask for: asked for when it is looked at. */
const slow = new Set([
  'getSession',
  'getMetrics',
  'listProviders',
  'listPrices',
  'getDecision',
  'listPolicyVersions',
  'listSteps',
  'getLimitState',
  'listRunDecisions',
  'getLimitHistory',
  'listPolicyEffects',
  'listEvaluated',
  'getMatches',
  'diffPolicyVersions',
  'lintPolicy',
  'explain',
  'search',
  'listTargets',
  'getShadow',
  'listShadowHits',
  'listViews',
]);

/** What happens in runs changes nothing about policies and settings; any other event may change all that is shown. */
const of_runs = new Set<EventType>(['run.opened', 'run.changed', 'run.planned', 'run.ended', 'decision']);
const untouched_by_runs = /Polic|ApiKey|Agent|Actor|Member|Project|Channel|Provider|Price|Preview/;

function concerns(told: ReadonlySet<EventType>, name: string): boolean {
  if (slow.has(name)) return false;
  const only_runs = [...told].every((type) => of_runs.has(type));
  return !(only_runs && untouched_by_runs.test(name));
}
