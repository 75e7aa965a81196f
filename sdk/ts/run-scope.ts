import type { Caller } from './caller.ts';
import type { Answer, Body } from './contract.ts';
import { ConflictError } from './errors.ts';
import { type CallContext, headersOf } from './headers.ts';
import { type StepOf, StepReporter } from './run-steps.ts';

/** A run of an agent that works by itself, while it is open. */
export interface RunScope {
  id: string;
  run: Answer<'createRun'>;
  /** Belong on every call of a model that is part of the run. */
  headers: Record<string, string>;
  context: CallContext;
  /**
   * Does something that the agent does by itself, and tells it as it ended: a tool, a retrieval, a call of its own.
   * Throws PolicyBlockedError or RunPausedError when a policy says that the agent has to stop. Steps, and calls of
   * models, that are made through the scope of a step belong to it.
   */
  step<Result>(of: StepOf, work: (step: RunScope) => Promise<Result> | Result): Promise<Result>;
}

export type AskedRun = Omit<Body<'createRun'>, 'mode' | 'plan'>;

/**
 * Opens a run, does the work, and ends the run as the work ended: succeeded, failed with its error, or cancelled when it
 * was aborted. A run that was killed meanwhile keeps that end.
 */
export async function withRun<Result>(
  caller: Caller,
  asked: AskedRun,
  work: (run: RunScope) => Promise<Result> | Result,
): Promise<Result> {
  const run = await caller.call('createRun', { body: { ...asked, mode: 'external' } });
  const { agent_id, actor_id } = asked;
  const context: CallContext = { run_id: run.id, agent_id, actor_id, project: asked.project };
  const scope = scopeOf(run, new StepReporter(caller, run.id), context);
  let result: Result;
  try {
    result = await entered(scope, work);
  } catch (error) {
    const aborted = error instanceof Error && error.name === 'AbortError';
    await finish(caller, run.id, { outcome: aborted ? 'cancelled' : 'failed', reason: reasonOf(error) });
    throw error;
  }
  await finish(caller, run.id, { outcome: 'succeeded' });
  return result;
}

function scopeOf(run: RunScope['run'], reporter: StepReporter, context: CallContext): RunScope {
  return {
    ...{ id: run.id, run, headers: headersOf(context), context },
    step: (of, work) => reporter.step(of, context, async (inside) => entered(scopeOf(run, reporter, inside), work)),
  };
}

async function finish(caller: Caller, id: string, body: Body<'finishRun'>): Promise<void> {
  try {
    await caller.call('finishRun', { params: { id }, body });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500).trim() ||
  'no reason given';

/** As much of Node's AsyncLocalStorage as is needed; browsers have none. */
interface Storage {
  run<Result>(scope: RunScope, work: () => Result): Result;
  getStore(): RunScope | undefined;
}

const around = globalThis as {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage: new () => Storage } };
};

// Asked of the process and not imported, so that bundles for browsers hold no module of Node.
const AsyncLocalStorage = around.process?.getBuiltinModule?.('node:async_hooks').AsyncLocalStorage;
const storage: Storage | null = AsyncLocalStorage ? new AsyncLocalStorage() : null;

const entered = <Result>(scope: RunScope, work: (run: RunScope) => Result): Result =>
  storage ? storage.run(scope, () => work(scope)) : work(scope);

/** The run that the code that asks is part of; null outside of `withRun`, and in browsers. */
export const currentRun = (): RunScope | null => storage?.getStore() ?? null;
