import type { Caller } from './caller.ts';
import type { Answer, Item } from './contract.ts';
import { errorOf, RunTimeoutError } from './errors.ts';
import { pause, type RequestOptions } from './request.ts';

export interface PollOptions extends Pick<RequestOptions, 'signal'> {
  /** How long to wait for the end of the run: 5 minutes when absent. */
  timeout_ms?: number | undefined;
  /** Called with each step once, in order, when it has ended. */
  on_step?: ((step: Item<'listSteps'>) => void | Promise<void>) | undefined;
  /** Throw PolicyBlockedError when a policy ended the run; absent: the run is returned like any other. */
  throw_on_block?: boolean | undefined;
}

const first_wait_ms = 100;
const longest_wait_ms = 2_000;

export async function pollRun(aos: Caller, id: string, options: PollOptions = {}): Promise<Answer<'getRun'>> {
  const { timeout_ms = 300_000, on_step, signal } = options;
  const until_ms = performance.now() + timeout_ms;
  const seen = new Set<string>();
  for (let wait_ms = first_wait_ms; ; wait_ms = Math.min(longest_wait_ms, wait_ms * 1.5)) {
    const run = await aos.call('getRun', { params: { id } }, { signal });
    if (on_step) await tellSteps(aos, id, seen, on_step, signal);
    if (run.ended_at !== null) return options.throw_on_block && run.status === 'failed_policy' ? refused(run) : run;
    const left_ms = until_ms - performance.now();
    if (left_ms <= 0) {
      const what = `The run ${id} is still ${run.hold === 'paused' ? 'paused' : run.status} after ${timeout_ms} ms`;
      throw new RunTimeoutError(`${what}. It goes on; poll it again, or cancel it. ${run.url}`, run);
    }
    await pause(Math.min(wait_ms, left_ms), signal);
  }
}

async function tellSteps(
  aos: Caller,
  id: string,
  seen: Set<string>,
  on_step: NonNullable<PollOptions['on_step']>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const step of aos.each('listSteps', { params: { id }, query: { limit: 200 } }, { signal })) {
    if (seen.has(step.id)) continue;
    seen.add(step.id);
    await on_step(step);
  }
}

function refused(run: Answer<'getRun'>): never {
  const code = run.last_refusal ?? 'policy_blocked';
  const message = `A policy ended the run ${run.id} (${run.termination_reason}, ${code}). Details: ${run.url}`;
  const details = { run_id: run.id, policy_id: run.violation_policy_id, url: run.url };
  throw errorOf(403, new Headers(), { error: { message, type: 'policy_violation', code, details } });
}
