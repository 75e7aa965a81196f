import { useState } from 'react';
import { useApi } from '../../api.ts';
import { type AskedPreview, type Preview, usePreview } from '../../parts/settled.ts';
import { exactText } from '../../ui/format.ts';

/** Over which past a preview is asked: so many hours back, or between two instants as they are written. */
export interface Over {
  hours: string;
  from: string;
  to: string;
}

/** In place of a number of hours: from when to when is written. */
export const between = 'between';

/** The window to ask for; in words: what is wrong with what was written. */
export function windowOf({ hours, from, to }: Over): { hours: number } | { from: string; to: string } | string {
  if (hours !== between) return { hours: Number(hours) };
  if (from === '' || to === '') return `Say ${from === '' ? 'from' : 'until'} when.`;
  return from < to ? { from, to } : 'The end must come after the beginning.';
}

/** What a policy would have done, and over which past it is asked. */
export interface Past extends AskedPreview {
  over: Over;
  setOver: (over: Over) => void;
  /** What is wrong with that past. */
  wrong: string | null;
  synthetic: boolean;
  setSynthetic: (synthetic: boolean) => void;
  /** There is a policy to ask about. */
  is_asked: boolean;
}

/** `document`: null while it is no policy yet. Where a demo alone has made runs, these are the past. */
export function usePast(document: Record<string, unknown> | null, replaces: string | undefined): Past {
  const [over, setOver] = useState<Over>({ hours: '720', from: '', to: '' });
  const [chosen, setSynthetic] = useState<boolean | null>(null);
  const real = useApi('listRuns', { query: { limit: 1, is_synthetic: 'false' } }).data;
  const synthetic = chosen ?? real?.total === 0;
  const window = windowOf(over);
  const wrong = typeof window === 'string' ? window : null;
  const body = document &&
    wrong === null && {
      ...{ policy: document, window, include_synthetic: synthetic },
      ...(replaces && { replaces }),
    };
  const is_asked = document !== null;
  return { ...usePreview(body || null), over, setOver, wrong, synthetic, setSynthetic, is_asked };
}

/** What is known of it now, in a line. */
export function lineOf({ answer, error, is_asked, is_old, is_cancelled, wrong }: Past): string {
  if (!is_asked) return 'The preview begins when the policy is whole: see what is missing in the steps.';
  if (wrong !== null) return 'The preview begins when its time is whole.';
  if (is_cancelled) return 'The preview was cancelled.';
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

/** What a policy would change against the version that is stored: three counts of runs, and all that it meets. */
export function changeOf({ version, runs }: NonNullable<Result['diff']>): string {
  const { newly_stopped, no_longer_stopped, still_stopped, unchanged } = runs;
  const same = still_stopped + unchanged;
  const of_them = still_stopped > 0 ? ` (${exactText(still_stopped)} of them stopped as before)` : '';
  return `Against the policy as it is (v${version}): ${exactText(newly_stopped)} runs newly stopped, ${exactText(no_longer_stopped)} no longer stopped, ${exactText(same)} unchanged${of_them}.`;
}
