import { z } from 'zod';
import { count_per, defineLimit, example_estimate } from './define.ts';

const document = z.strictObject({
  type: z.literal('concurrency'),
  max: z.int().min(0).max(1_000_000),
  count_per: count_per.default('together'),
});

const example = (used: bigint) => ({
  limit: { type: 'concurrency' as const, max: 4, count_per: 'together' as const },
  used,
  estimate: example_estimate,
});

/** A limit on calls in flight: held from admission to the end, nothing stays counted. */
export const concurrency = defineLimit<z.infer<typeof document>>({
  type: 'concurrency',
  unit: 'calls',
  title: 'calls in flight',
  windows: ['now'],
  schema: document,
  cap: (limit) => BigInt(limit.max),
  ask: () => ({ base: 1n, rate: 0n, scale: 1 }),
  post: () => 0n,
  show: Number,
  refusal: () => ({
    code: 'rate_limit_exceeded',
    category: 'RATE_LIMIT',
    severity: 'LOW',
    termination: 'RATE_LIMITED',
  }),
  examples: { under: example(0n), at: example(3n), over: example(4n) },
});
