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
  ask: (question: string, signal: AbortSignal, tell: (answerOf: (before: A | null) => A) => void) => Promise<void>,
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
    const tell = (answerOf: (before: A | null) => A) =>
      !dropped.signal.aborted && setGot(({ answer }) => ({ of: question, answer: answerOf(answer), error: null }));
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
  return useSettled<Lint>(JSON.stringify({ document, policy_id }), async (question, signal, tell) => {
    const lint = await call('lintPolicy', { body: JSON.parse(question) }, signal);
    tell(() => lint);
  });
}

export type Preview = Answer<'previewPolicy'>;

export interface AskedPreview extends Asked<Preview> {
  /** Somebody called it off: it is not computed until that is taken back, or something else is asked. */
  is_cancelled: boolean;
  cancel: (yes: boolean) => void;
}

/**
 * What a document would have done to the past; one that takes long is looked after until it is done, or called off. The
 * result of the question before stays until there is another.
 */
export function usePreview(body: Record<string, unknown> | null): AskedPreview {
  const question = body && JSON.stringify(body);
  const [cancelled, setCancelled] = useState<string | null>(null);
  const is_cancelled = question !== null && question === cancelled;
  const asked = useSettled<Preview>(is_cancelled ? null : question, async (text, signal, tell) => {
    const told = (preview: Preview) =>
      tell((before) => ({ ...preview, result: preview.result ?? before?.result ?? null }));
    // Not given up with the question: what the server has begun by then can only be called off by its id.
    let preview = await call('previewPolicy', { body: JSON.parse(text) });
    try {
      told(preview);
      while (preview.status === 'running' && !(await waited(look_again_ms, signal))) {
        preview = await call('getPreview', { params: { id: preview.id } }, signal);
        told(preview);
      }
    } finally {
      if (signal.aborted && preview.status === 'running')
        await call('cancelPreview', { params: { id: preview.id } }).catch(() => undefined);
    }
  });
  const is_old = asked.is_old || asked.answer?.status !== 'ready';
  return { ...asked, is_old, is_cancelled, cancel: (yes) => setCancelled(yes ? question : null) };
}

const waited = (ms: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(signal.aborted), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
