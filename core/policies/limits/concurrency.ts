import { z } from 'zod';
import { wholeNumber } from '../../base/whole-number.ts';
import type { Refusal } from '../refusal.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

const document = z
  .strictObject({
    type: z.literal('concurrency'),
    max: wholeNumber(0, 1_000_000),
    /** What is in flight: calls, which is what is meant where nothing is said, or runs. */
    counts: z.enum(['calls', 'runs']).optional(),
    count_per: count_per.default('together'),
  })
  .refine(({ counts, count_per }) => counts !== 'runs' || count_per !== 'run', {
    path: ['count_per'],
    message: 'must not be "run" where runs are counted: each run is one',
  });
type Concurrency = z.infer<typeof document>;

const example = (used: bigint, counts?: 'runs') => ({
  limit: { type: 'concurrency' as const, max: 4, count_per: 'together' as const, ...(counts && { counts }) },
  used,
  estimate: example_estimate,
});

const refusal = (): Refusal => ({
  code: 'rate_limit_exceeded',
  category: 'RATE_LIMIT',
  severity: 'LOW',
  termination: 'RATE_LIMITED',
});

const in_flight = {
  type: 'concurrency',
  windows: ['now' as const],
  schema: document,
  cap: ({ max }: Concurrency) => BigInt(max),
  ask: () => ({ base: 1n, rate: 0n, scale: 1 }),
  post: () => 0n,
  show: Number,
  refusal,
};

/** A limit on runs in flight: of steps of every kind, the first that is let in takes the place of its run. */
export const runs_in_flight = defineLimit<Concurrency>({
  ...in_flight,
  unit: 'runs',
  title: 'runs in flight',
  counts_every_step: true,
  counts_runs: true,
  examples: { under: example(0n, 'runs'), at: example(3n, 'runs'), over: example(4n, 'runs') },
});

/** A limit on calls in flight: held from admission to the end, nothing stays counted. */
export const concurrency = defineLimit<Concurrency>({
  ...in_flight,
  unit: 'calls',
  title: 'calls in flight',
  as: ({ counts }) => (counts === 'runs' ? runs_in_flight : undefined),
  examples: { under: example(0n), at: example(3n), over: example(4n) },
});
