import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useEvents } from '../../events.ts';
import { useLive } from '../../live.tsx';
import type { RunDetail } from './RunHead.tsx';

const about_run = new Set(['getRun', 'listRunDecisions', 'getLimitState', 'listLlmRunRecords']);

/** Follows a run until it ends: what happens in it is asked for at once. */
export function useRunEvents({ id, ended_at }: RunDetail, onSteps: () => void): void {
  const client = useQueryClient();
  const { state } = useLive();
  const is_followed = ended_at === null && state !== 'paused';
  useEvents(is_followed ? `/api/v1/runs/${id}/events` : null, {
    onEvents: () => {
      onSteps();
      void client.invalidateQueries({ predicate: ({ queryKey }) => about_run.has(String(queryKey[0])) });
    },
  });
  // The end may be told elsewhere first: then the last steps are still to be read.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it has ended
  useEffect(() => onSteps(), [ended_at]);
}
