import { z } from 'zod';
import { wholeNumber } from '../../base/whole-number.ts';
import { window_schema } from '../../base/window.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

const document = z.strictObject({
  type: z.literal('steps'),
  max: wholeNumber(0, 1_000_000_000),
  window: window_schema.refine((window) => 'per' in window, 'must be a run, a session or a calendar window for steps'),
  count_per: count_per.default('together'),
});

const example = (used: bigint) => ({
  limit: { type: 'steps' as const, max: 25, window: { per: 'run' as const }, count_per: 'together' as const },
  used,
  estimate: example_estimate,
});

/** A limit on steps: every governed act of a run is one, counted when it is admitted, whatever becomes of it. */
export const steps = defineLimit<z.infer<typeof document>>({
  type: 'steps',
  unit: 'steps',
  title: 'steps',
  counts_every_step: true,
  windows: ['run', 'session', 'minute', 'hour', 'day', 'week', 'month'],
  schema: document,
  cap: (limit) => BigInt(limit.max),
  ask: () => ({ base: 1n, rate: 0n, scale: 1 }),
  post: () => 1n,
  show: Number,
  refusal: () => ({
    code: 'quota_exceeded',
    category: 'BUDGET_EXCEEDED',
    severity: 'MEDIUM',
    termination: 'BUDGET_EXCEEDED',
  }),
  examples: { under: example(0n), at: example(24n), over: example(25n) },
});
