import { z } from 'zod';
import type { Asker } from '../../activity/call.ts';
import { instantOf } from '../../base/id.ts';
import { wholeNumber } from '../../base/whole-number.ts';
import { timezone } from '../../base/window.ts';
import { defineLimit, example_estimate } from './define.ts';

const document = z.strictObject({
  type: z.literal('duration'),
  /** Seconds of wall time. */
  max: wholeNumber(1, 31_536_000),
  window: z
    .strictObject({ per: z.literal('run'), timezone: timezone.optional() })
    .transform(({ per }) => ({ per }))
    .default({ per: 'run' }),
  count_per: z.literal('together').default('together'),
});

const example = (used: bigint) => ({
  limit: { type: 'duration' as const, max: 300, window: { per: 'run' as const }, count_per: 'together' as const },
  used,
  estimate: example_estimate,
});

const pausedMs = ({ run_paused_ms = 0, run_paused_since_ms = null }: Asker, at_ms: number): number =>
  run_paused_ms + (run_paused_since_ms === null ? 0 : Math.max(0, at_ms - run_paused_since_ms));

/**
 * A limit on the wall time of a run, from its beginning: later calls are refused, and one that is under way is ended by
 * a timer. Time for which the run was paused does not count.
 */
export const duration = defineLimit<z.infer<typeof document>>({
  type: 'duration',
  unit: 'seconds',
  title: 'run time',
  counts_every_step: true,
  windows: ['run'],
  schema: document,
  cap: (limit) => BigInt(limit.max) * 1000n,
  clock: (_, asker, at_ms) =>
    BigInt(Math.max(0, at_ms - (asker.run_begun_ms ?? instantOf(asker.run_id)) - pausedMs(asker, at_ms))),
  ask: () => ({ base: 0n, rate: 0n, scale: 1 }),
  post: () => 0n,
  show: (amount) => Number(amount) / 1000,
  refusal: () => ({
    code: 'run_terminated',
    category: 'EXECUTION_FAILURE',
    severity: 'MEDIUM',
    termination: 'TIMEOUT',
  }),
  examples: { under: example(0n), at: example(300_000n), over: example(300_001n) },
});
