import { z } from 'zod';
import { wholeNumber } from '../../base/whole-number.ts';
import { type Window, window_schema } from '../../base/window.ts';
import type { Refusal } from '../refusal.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

const document = z.strictObject({
  type: z.literal('requests'),
  max: wholeNumber(0, 1_000_000_000),
  window: window_schema.refine(
    (window) => 'rolling_seconds' in window || ['minute', 'hour', 'day'].includes(window.per),
    'must be a minute, an hour, a day or rolling_seconds for a limit on requests',
  ),
  count_per: count_per.default('together'),
});
type RequestLimit = z.infer<typeof document>;

/** Waiting helps when the window frees within a minute. */
const frees_soon_s = 60;
const freesSoon = (window: Window) =>
  'rolling_seconds' in window ? window.rolling_seconds <= frees_soon_s : window.per === 'minute';

const refusal = ({ window }: RequestLimit): Refusal =>
  freesSoon(window)
    ? { code: 'rate_limit_exceeded', category: 'RATE_LIMIT', severity: 'LOW', termination: 'RATE_LIMITED' }
    : { code: 'quota_exceeded', category: 'RATE_LIMIT', severity: 'MEDIUM', termination: 'RATE_LIMITED' };

const example = (used: bigint) => ({
  limit: {
    type: 'requests' as const,
    max: 60,
    window: { per: 'minute' as const, timezone: 'UTC' },
    count_per: 'together' as const,
  },
  used,
  estimate: example_estimate,
});

/** A limit on calls, counted when they are admitted, whatever becomes of them. */
export const requests = defineLimit<RequestLimit>({
  type: 'requests',
  unit: 'calls',
  title: 'requests',
  windows: ['minute', 'hour', 'day', 'rolling'],
  schema: document,
  cap: (limit) => BigInt(limit.max),
  // Counted in calendar minutes, twice the cap could pass around the turn of one.
  counted_over: ({ window }) => ('per' in window && window.per === 'minute' ? { rolling_seconds: 60 } : window),
  ask: () => ({ base: 1n, rate: 0n, scale: 1 }),
  post: () => 1n,
  show: Number,
  refusal,
  examples: { under: example(0n), at: example(59n), over: example(60n) },
});
