import { z } from 'zod';
import { nanoOfUsd, usdOfNano } from '../../base/money.ts';
import { askMoney, declares_price, money_members, needs_declared_price, postMoney } from './cost.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

const seconds_per_minute = 60n;

const document = z
  .strictObject({
    type: z.literal('burn_rate'),
    /** USD per minute. */
    ...money_members,
    window: z.strictObject({ rolling_seconds: z.int().min(60).max(86_400) }),
    count_per: count_per.default('together'),
  })
  .refine(declares_price, needs_declared_price);
type BurnLimit = z.infer<typeof document>;

const seconds = ({ window }: BurnLimit) => BigInt(window.rolling_seconds);

const example = (used: string) => ({
  limit: {
    type: 'burn_rate' as const,
    max: '0.500000000',
    window: { rolling_seconds: 120 },
    count_per: 'together' as const,
    on_unknown_price: 'block' as const,
  },
  used: nanoOfUsd(used),
  estimate: example_estimate,
});

/**
 * A limit on how fast money is spent: USD per minute over the last N seconds, settled and reserved together. The books
 * count the money of the stretch, so the cap is the rate times its length.
 */
export const burn_rate = defineLimit<BurnLimit>({
  type: 'burn_rate',
  unit: 'usd_per_minute',
  title: 'burn rate',
  windows: ['rolling'],
  schema: document,
  cap: (limit) => (nanoOfUsd(limit.max) * seconds(limit)) / seconds_per_minute,
  ask: askMoney,
  post: postMoney,
  show: (amount, limit) => usdOfNano((amount * seconds_per_minute) / seconds(limit)),
  refusal: () => ({
    code: 'budget_exceeded',
    category: 'BUDGET_EXCEEDED',
    severity: 'HIGH',
    termination: 'BUDGET_EXCEEDED',
  }),
  // Two minutes at $0.50 hold $1; the example call asks $0.0003.
  examples: { under: example('0'), at: example('0.9997'), over: example('0.999700001') },
});
