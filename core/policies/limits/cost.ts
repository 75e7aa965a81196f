import { z } from 'zod';
import type { Estimate } from '../../activity/call.ts';
import { ceilDiv, nanoOfUsd, usd_amount, usdOfNano } from '../../base/money.ts';
import { window_schema } from '../../base/window.ts';
import { count_per, defineLimit, example_estimate, type Used } from './define.ts';

const pico_per_nano = 1000;

/** The books count nano-dollars in 64 bits, which end at 9.2 billion dollars. */
const most_nano = nanoOfUsd('1000000000');
const within_books = usd_amount.refine(
  (text) => nanoOfUsd(text) <= most_nano,
  'must be at most 1000000000 (a billion USD)',
);

/** USD for a million tokens, to be assumed where a model has no price. */
const declared_price = z.strictObject({ input_usd: within_books, output_usd: within_books });

/** What every limit on money says: how much, and what is assumed where a model has no price. */
export const money_members = {
  max: within_books,
  on_unknown_price: z.enum(['block', 'estimate']).default('block'),
  declared_price: declared_price.optional(),
};
type Money = z.infer<z.ZodObject<typeof money_members>>;

export const declares_price = (limit: Money): boolean =>
  limit.on_unknown_price === 'block' || limit.declared_price !== undefined;

export const needs_declared_price = {
  path: ['declared_price'],
  message:
    'is needed when on_unknown_price is "estimate": say what a million input and output tokens are assumed to cost',
};

const document = z
  .strictObject({
    type: z.literal('cost_usd'),
    ...money_members,
    window: window_schema,
    count_per: count_per.default('together'),
  })
  .refine(declares_price, needs_declared_price);
type CostLimit = z.infer<typeof document>;

/** USD for a million tokens → pico-USD for one: both are the amount times 10^6, rounded up. */
const picoPerToken = (usd_per_million: string) => ceilDiv(nanoOfUsd(usd_per_million), 1000n);

function askDeclared(limit: Money, estimate: Estimate) {
  const { input_usd, output_usd } = limit.declared_price ?? {};
  if (limit.on_unknown_price === 'block' || input_usd === undefined || output_usd === undefined)
    return 'price_unknown' as const;
  return {
    base: BigInt(estimate.input_tokens) * picoPerToken(input_usd),
    rate: BigInt(estimate.choices) * picoPerToken(output_usd),
    scale: pico_per_nano,
  };
}

function postDeclared(limit: Money, { usage }: Used): bigint {
  const { input_usd, output_usd } = limit.declared_price ?? {};
  if (input_usd === undefined || output_usd === undefined) return 0n;
  const pico =
    BigInt(usage.input_tokens) * picoPerToken(input_usd) + BigInt(usage.output_tokens) * picoPerToken(output_usd);
  return ceilDiv(pico, BigInt(pico_per_nano));
}

/** What a call asks of a limit on money: its price at the highest rates it can reach, or the declared one. */
export const askMoney = (limit: Money, estimate: Estimate) =>
  estimate.price
    ? {
        base: estimate.price.base_pico,
        rate: estimate.price.output_pico * BigInt(estimate.choices),
        scale: pico_per_nano,
      }
    : askDeclared(limit, estimate);

/** What a settled call counts in money: what it cost, or where no price was known what the limit declares. */
export const postMoney = (limit: Money, used: Used): bigint => used.cost_nano ?? postDeclared(limit, used);

const example = (used: string) => ({
  limit: {
    type: 'cost_usd' as const,
    max: '1.000000000',
    window: { per: 'day' as const, timezone: 'UTC' },
    count_per: 'together' as const,
    on_unknown_price: 'block' as const,
  },
  used: nanoOfUsd(used),
  estimate: example_estimate,
});

/** A limit on money, in USD exact to the nano-dollar. A model without a price is refused or assumed, never free. */
export const cost_usd = defineLimit<CostLimit>({
  type: 'cost_usd',
  unit: 'usd',
  title: 'cost',
  windows: ['run', 'session', 'minute', 'hour', 'day', 'week', 'month', 'rolling'],
  schema: document,
  cap: (limit) => nanoOfUsd(limit.max),
  ask: askMoney,
  post: postMoney,
  show: (amount) => usdOfNano(amount),
  refusal: () => ({
    code: 'budget_exceeded',
    category: 'BUDGET_EXCEEDED',
    severity: 'HIGH',
    termination: 'BUDGET_EXCEEDED',
  }),
  // 100 tokens in at $1 and 100 out at $2 for a million: 0.0003 USD.
  examples: { under: example('0'), at: example('0.9997'), over: example('0.999700001') },
});
