import { ApiProblem } from './problem.ts';

interface Wait {
  since_ms: number;
  controller: AbortController;
}

/** Requests that a page shows nothing without, and that have no answer yet. */
const waits = new Set<Wait>();

/** What began later is no reason for anybody to give up. */
const slow_ms = 2_000;

/** Asks something that the reader can give up; then it fails as cancelled, and the request is aborted. */
export async function abortable<A>(dropped: AbortSignal | null, ask: (signal: AbortSignal) => Promise<A>): Promise<A> {
  const wait: Wait = { since_ms: performance.now(), controller: new AbortController() };
  const { signal } = wait.controller;
  waits.add(wait);
  try {
    return await ask(dropped ? AbortSignal.any([dropped, signal]) : signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    waits.delete(wait);
  }
}

/** Gives up what a page has waited for so long that it offered that. */
export function cancelSlow(): void {
  const now_ms = performance.now();
  for (const { since_ms, controller } of waits) {
    const waited_ms = now_ms - since_ms;
    if (waited_ms < slow_ms) continue;
    const message = `You cancelled it after ${Math.round(waited_ms / 1_000)} s without an answer. The request was ended.`;
    controller.abort(new ApiProblem({ status: 0, code: 'cancelled', message, request_id: null }));
  }
}
