import { useEffect, useState } from 'react';
import { type Answer, call } from '../api.ts';
import { ApiProblem } from '../problem.ts';

const pause_ms = 400;
const look_again_ms = 700;

export interface Asked<A> {
  /** The last answer; of an earlier question while `is_old`. */
  answer: A | null;
  error: ApiProblem | null;
  is_old: boolean;
}

/** Asks once typing has stopped, and drops the question when another one takes its place; null: nothing is asked. */
function useSettled<A>(
  question: string | null,
  ask: (question: string, signal: AbortSignal, tell: (answer: A) => void) => Promise<void>,
): Asked<A> {
  const [got, setGot] = useState<{ of: string | null; answer: A | null; error: ApiProblem | null }>({
    of: null,
    answer: null,
    error: null,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the question holds all that is asked
  useEffect(() => {
    if (question === null) return;
    const dropped = new AbortController();
    const tell = (answer: A) => !dropped.signal.aborted && setGot({ of: question, answer, error: null });
    const timer = setTimeout(() => {
      ask(question, dropped.signal, tell).catch((error: unknown) => {
        if (dropped.signal.aborted) return;
        if (!(error instanceof ApiProblem)) throw error;
        setGot((now) => ({ of: question, answer: now.answer, error }));
      });
    }, pause_ms);
    return () => {
      clearTimeout(timer);
      dropped.abort();
    };
  }, [question]);
  return { answer: got.answer, error: got.of === question ? got.error : null, is_old: got.of !== question };
}

export type Lint = Answer<'lintPolicy'>;
export type Finding = Lint['findings'][number];
export type Deciding = Lint['deciding'][number];

/** What the server says about a document while it is written. */
export function useLint(document: Record<string, unknown>, policy_id: string | undefined): Asked<Lint> {
  return useSettled<Lint>(JSON.stringify({ document, policy_id }), async (question, signal, tell) =>
    tell(await call('lintPolicy', { body: JSON.parse(question) }, signal)),
  );
}

export type Preview = Answer<'previewPolicy'>;

/** What a document would have done to the past; one that takes long is looked after until it is done, or called off. */
export function usePreview(body: Record<string, unknown> | null): Asked<Preview> {
  return useSettled<Preview>(body && JSON.stringify(body), async (question, signal, tell) => {
    let preview = await call('previewPolicy', { body: JSON.parse(question) }, signal);
    tell(preview);
    while (preview.status === 'running') {
      const stopped = await waited(look_again_ms, signal);
      if (stopped) {
        await call('cancelPreview', { params: { id: preview.id } }).catch(() => undefined);
        return;
      }
      preview = await call('getPreview', { params: { id: preview.id } }, signal);
      tell(preview);
    }
  });
}

const waited = (ms: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(signal.aborted), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
