import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type Answer, call } from '../../api.ts';
import { ApiProblem } from '../../problem.ts';
import { abortable } from '../../waiting.ts';
import type { ShownStep, Step } from './step-words.ts';

interface Read {
  of: string;
  steps: readonly Step[];
  is_whole: boolean;
  error: ApiProblem | null;
}

/** The first page is what is seen at once. */
const first_page = 60;
const page_size = 200;

/** All steps of a run, page by page; `more` reads what came after them. */
export function useSteps(run_id: string) {
  const [read, setRead] = useState<Read>({ of: run_id, steps: [], is_whole: false, error: null });
  const reader = useRef<{ of: string; tail: string | null; busy: boolean; again: boolean }>(null);
  const more = useCallback(async () => {
    if (reader.current?.of !== run_id) reader.current = { of: run_id, tail: null, busy: false, again: false };
    const own = reader.current;
    if (own.busy) {
      own.again = true;
      return;
    }
    own.busy = true;
    do {
      own.again = false;
      await readPages(own, setRead);
    } while (own.again && reader.current === own);
    own.busy = false;
  }, [run_id]);
  useEffect(() => void more(), [more]);
  const own = read.of === run_id ? read : { of: run_id, steps: [], is_whole: false, error: null };
  return { ...own, more };
}

/** The last page is read again and again: it is where new steps appear. */
async function readPages(own: { of: string; tail: string | null }, set: (to: (now: Read) => Read) => void) {
  try {
    for (;;) {
      const query = { limit: own.tail === null ? first_page : page_size, cursor: own.tail ?? undefined };
      const page = await abortable(null, (signal) => call('listSteps', { params: { id: own.of }, query }, signal));
      const is_whole = page.next_cursor === null;
      set((now) => ({
        of: own.of,
        steps: merged(now.of === own.of ? now.steps : [], page.items),
        is_whole,
        error: null,
      }));
      if (page.next_cursor === null) return;
      own.tail = page.next_cursor;
    }
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    set((now) => ({ ...now, of: own.of, error }));
  }
}

function merged(before: readonly Step[], page: readonly Step[]): readonly Step[] {
  const known = new Map(before.slice(-page_size).map((step) => [step.id, step]));
  const further = page.filter(({ id }) => !known.has(id));
  return further.length === 0 ? before : [...before, ...further];
}

/** Steps that a worker carries out at the moment stand below those that have ended. */
export function useShownSteps(steps: readonly Step[], run: Answer<'getRun'> | undefined): readonly ShownStep[] {
  return useMemo(() => {
    const running = (run?.plan_steps ?? []).filter(({ state, started_at }) => state === 'running' && started_at);
    if (!run || running.length === 0) return steps;
    return [...steps, ...running.map((of) => underWay(run, of))];
  }, [steps, run]);
}

function underWay(run: Answer<'getRun'>, of: Answer<'getRun'>['plan_steps'][number]): ShownStep {
  return {
    tenant_id: run.tenant_id,
    id: `running ${of.name}`,
    trace_id: run.trace_id,
    run_id: run.id,
    kind: of.skill.startsWith('llm') ? 'llm' : 'tool',
    skill: of.skill,
    params: { step: of.name },
    status: 'running',
    decision_id: null,
    cost_usd: null,
    started_at: of.started_at ?? run.created_at,
    ended_at: null,
    duration_ms: 0,
    is_synthetic: run.is_synthetic,
    source: run.mode,
    parent_step_id: null,
    record_id: null,
    provider: null,
    model: null,
    input_tokens: null,
    output_tokens: null,
    verdict: 'continue',
    shadow_verdict: null,
    url: run.url,
  };
}
