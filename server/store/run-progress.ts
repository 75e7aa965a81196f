import type { TerminationReason } from '@aos/core/activity/run.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';

/** The provider, not a policy, said to slow down: such a run ends `failed`, with the reason RATE_LIMITED. */
export const provider_rate_limited = 'PROVIDER_RATE_LIMITED';
/** The provider, and not the run's own time, came to its end: such a run ends `failed`, with the reason TIMEOUT. */
export const provider_timed_out = 'PROVIDER_TIMEOUT';

/** What one call adds to its run. */
export interface RunProgress {
  run_id: string;
  calls: number;
  refused_calls: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string;
  /** How the run would end if this was its last call: null after a good one. */
  last_refusal: TerminationReason | typeof provider_rate_limited | typeof provider_timed_out | null;
  violation_policy_id: string | null;
  /** Null: what the run stands under is not known anew. */
  policy_context: string | null;
  at: string;
}

/** One entry per run, sorted by id; the last call of a run says what the run would end with. */
export function sumPerRun(progress: readonly RunProgress[]): RunProgress[] {
  const sums = new Map<string, RunProgress>();
  for (const of of progress) {
    const sum = sums.get(of.run_id);
    sums.set(of.run_id, sum ? addUp(sum, of) : of);
  }
  return [...sums.values()].sort((a, b) => (a.run_id < b.run_id ? -1 : 1));
}

const addUp = (a: RunProgress, b: RunProgress): RunProgress => ({
  ...(a.at > b.at ? a : b),
  calls: a.calls + b.calls,
  refused_calls: a.refused_calls + b.refused_calls,
  input_tokens: a.input_tokens + b.input_tokens,
  output_tokens: a.output_tokens + b.output_tokens,
  cost_usd: usdOfNano(nanoOfUsd(a.cost_usd) + nanoOfUsd(b.cost_usd)),
  violation_policy_id: a.violation_policy_id ?? b.violation_policy_id,
  policy_context: a.at > b.at ? (a.policy_context ?? b.policy_context) : (b.policy_context ?? a.policy_context),
});
