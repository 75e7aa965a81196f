import { z } from 'zod';
import { wholeNumber } from '../../base/whole-number.ts';
import { window_schema } from '../../base/window.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

const document = z.strictObject({
  type: z.literal('tool_calls'),
  max: wholeNumber(0, 1_000_000_000),
  window: window_schema.refine(
    (window) => 'per' in window,
    'must be a run, a session or a calendar window for tool calls',
  ),
  count_per: count_per.default('together'),
});

const example = (used: bigint) => ({
  limit: { type: 'tool_calls' as const, max: 10, window: { per: 'run' as const }, count_per: 'together' as const },
  used,
  estimate: example_estimate,
});

/**
 * A limit on tool calls. A step of a managed run that calls a tool is one. Another agent runs its tools itself and brings
 * each result to the model once, as new: these results are counted, when the call that carries them is admitted, so the
 * number is known before anything is sent.
 */
export const tool_calls = defineLimit<z.infer<typeof document>>({
  type: 'tool_calls',
  unit: 'tool_calls',
  title: 'tool calls',
  counts_every_step: true,
  windows: ['run', 'session', 'minute', 'hour', 'day', 'week', 'month'],
  schema: document,
  cap: (limit) => BigInt(limit.max),
  ask: (_, estimate) => ({ base: BigInt(estimate.tool_results), rate: 0n, scale: 1 }),
  post: (_, { tool_results }) => BigInt(tool_results),
  show: Number,
  refusal: () => ({
    code: 'quota_exceeded',
    category: 'BUDGET_EXCEEDED',
    severity: 'MEDIUM',
    termination: 'BUDGET_EXCEEDED',
  }),
  // The example call brings one result.
  examples: { under: example(0n), at: example(9n), over: example(10n) },
});
