import type { Caller } from './caller.ts';
import type { Answer, Body } from './contract.ts';
import { errorOf } from './errors.ts';
import type { CallContext } from './headers.ts';
import { createdAt, stepIdAt } from './step-id.ts';

type Reported = Body<'reportSteps'>['steps'][number];

/** What a step is: its kind, or more of it. Params are sent to be hashed. */
export type StepOf = Reported['kind'] | (Pick<Reported, 'kind' | 'params' | 'through_gateway'> & { name?: string });

/** Tells the server of the steps of one run, by the clock of the server that opened it. */
export class StepReporter {
  readonly #caller: Caller;
  readonly #run_id: string;
  readonly #opened_ms: number;
  readonly #heard_ms = performance.now();

  constructor(caller: Caller, run_id: string) {
    this.#caller = caller;
    this.#run_id = run_id;
    this.#opened_ms = createdAt(run_id);
  }

  /** Does the work, tells it as it ended, and throws when a policy says that the agent has to stop. */
  async step<Result>(
    of: StepOf,
    context: CallContext,
    work: (context: CallContext) => Promise<Result> | Result,
  ): Promise<Result> {
    const { kind, name = kind, ...more } = typeof of === 'string' ? { kind: of } : of;
    const began_ms = this.#now();
    const id = stepIdAt(began_ms);
    const about = { ...more, id, kind, name, parent_step_id: context.step_id, started_at: textOf(began_ms) };
    let result: Result;
    try {
      result = await work({ ...context, step_id: id });
    } catch (error) {
      // What went wrong in the work is what its caller has to hear.
      await this.#tell({ ...about, ...failed(error), ended_at: this.#nowText() }).catch(() => undefined);
      throw error;
    }
    const told = await this.#tell({ ...about, status: 'succeeded', ended_at: this.#nowText() });
    if (told.stop) throw stopped(this.#run_id, told);
    return result;
  }

  #tell(step: Body<'reportSteps'>['steps'][number]): Promise<Answer<'reportSteps'>> {
    return this.#caller.call('reportSteps', { params: { id: this.#run_id }, body: { steps: [step] } });
  }

  #now(): number {
    return Math.round(this.#opened_ms + performance.now() - this.#heard_ms);
  }

  #nowText(): string {
    return textOf(this.#now());
  }
}

const textOf = (epoch_ms: number): string => new Date(epoch_ms).toISOString();

function failed(error: unknown): Pick<Reported, 'status' | 'error'> {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  if (name === 'AbortError') return { status: 'cancelled' };
  return { status: 'failed', error: { code: name.slice(0, 100) || 'Error', message: message.slice(0, 2_000) } };
}

/** The refusal as a call of the gateway would have met it. */
function stopped(run_id: string, { items }: Answer<'reportSteps'>) {
  const [item] = items;
  const is_paused = item?.decision === 'pause';
  const { code, policy_id, decision_id, url, message } = item ?? {};
  const details = { run_id, policy_id, decision_id, url };
  const error = {
    code: is_paused ? 'run_paused' : (code ?? 'policy_blocked'),
    type: is_paused ? 'policy_hold' : 'policy_violation',
    message: `This run has to stop: ${message ?? code}. Details: ${url}`,
    details,
  };
  return errorOf(is_paused ? 429 : 403, new Headers(), { error });
}
