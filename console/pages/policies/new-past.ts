import { useState } from 'react';
import { useApi } from '../../api.ts';
import { type Asked, type Preview, usePreview } from '../../parts/settled.ts';
import { exactText } from '../../ui/format.ts';

/** What a policy would have done, and over which past it is asked. */
export interface Past extends Asked<Preview> {
  hours: string;
  setHours: (hours: string) => void;
  synthetic: boolean;
  setSynthetic: (synthetic: boolean) => void;
  /** There is a policy to ask about. */
  is_asked: boolean;
}

/** `document`: null while it is no policy yet. Where a demo alone has made runs, these are the past. */
export function usePast(document: Record<string, unknown> | null, replaces: string | undefined): Past {
  const [hours, setHours] = useState('720');
  const [chosen, setSynthetic] = useState<boolean | null>(null);
  const real = useApi('listRuns', { query: { limit: 1, is_synthetic: 'false' } }).data;
  const synthetic = chosen ?? real?.total === 0;
  const body = document && {
    policy: document,
    window: { hours: Number(hours) },
    include_synthetic: synthetic,
    ...(replaces && { replaces }),
  };
  return { ...usePreview(body), hours, setHours, synthetic, setSynthetic, is_asked: document !== null };
}

/** What is known of it now, in a line. */
export function lineOf({ answer, error, is_asked, is_old }: Past): string {
  if (!is_asked) return 'The preview begins when the policy is whole: see what is missing in the steps.';
  if (error || answer?.status === 'failed') return 'The preview failed.';
  return answer?.result && !is_old ? headlineOf(answer.result) : 'Computing the preview …';
}

type Result = NonNullable<Preview['result']>;

/** What would have become of the runs, in a sentence. */
export function headlineOf({ affected, runs }: Result): string {
  if (runs.matched === 0) return 'No run of this target in this time.';
  const stopped = affected.paused.runs + affected.blocked.runs + affected.killed.runs;
  const told = stopped > 0 || affected.warned.runs === 0 ? stopped : affected.warned.runs;
  const verb = affected.paused.runs === stopped && stopped > 0 ? 'held' : told === stopped ? 'stopped' : 'warned';
  return `${exactText(told)} of ${exactText(runs.matched)} runs would be ${verb}`;
}
