import { z } from 'zod';
import type { NanoUsd } from '../base/money.ts';
import type { Charge } from './charge.ts';
import type { Usage } from './usage.ts';

/**
 * Money per token is counted in whole pico-dollars (1e-12 USD) as `bigint`: a rate of 1 USD per million tokens is
 * 1,000,000 of them per token, so six decimal places of a published rate are exact.
 */
export type PicoUsd = bigint;

/** USD per million tokens, or per event, as an exact decimal with at most six places: `"0.075"`. */
const decimal = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be an amount in USD, zero or more, with at most 6 decimal places, as text');

const rates_schema = z.strictObject({
  input: decimal,
  /** Absent for models that only read (embeddings); output that is reported all the same costs the input rate. */
  output: decimal.optional(),
  /** Absent: the input rate. */
  cached_input: decimal.optional(),
  /** Absent: the input rate. */
  cache_write: decimal.optional(),
  /** Absent: the rate of `cache_write`. */
  cache_write_1h: decimal.optional(),
  /** Absent: the input rate. */
  audio_input: decimal.optional(),
  /** Absent: the output rate. */
  audio_output: decimal.optional(),
});

const tiers_schema = z
  .array(z.strictObject({ above_input_tokens: z.int().nonnegative(), rates: rates_schema }))
  .min(1)
  .refine((tiers) => tiers[0]?.above_input_tokens === 0, 'the first tier must start above 0 input tokens')
  .refine(
    (tiers) => tiers.every((tier, i) => tier.above_input_tokens > (tiers[i - 1]?.above_input_tokens ?? -1)),
    'tiers must rise in above_input_tokens',
  );

/**
 * A price as it is stored and shown: rates in USD per million tokens. The whole request costs the rates of the highest
 * tier whose `above_input_tokens` its input exceeds, as Anthropic, Google, OpenAI and xAI bill long context.
 */
export const price_schema = z.strictObject({
  id: z.string().min(1).max(200),
  version: z.string().min(1).max(100),
  provider: z.string().min(1).max(100),
  model: z.string().min(1).max(200),
  tiers: tiers_schema,
  per_request_usd: decimal.optional(),
  per_web_search_usd: decimal.optional(),
});

export type Price = z.infer<typeof price_schema>;
export type PriceRates = z.infer<typeof rates_schema>;

/** Pico-USD per token of each kind, absent rates filled in. */
export interface Rates {
  input: PicoUsd;
  output: PicoUsd;
  cached_input: PicoUsd;
  cache_write: PicoUsd;
  cache_write_1h: PicoUsd;
  audio_input: PicoUsd;
  audio_output: PicoUsd;
}

export interface CompiledPrice {
  id: string;
  version: string;
  provider: string;
  model: string;
  tiers: readonly { above_input_tokens: number; rates: Rates }[];
  per_request_nano: NanoUsd;
  /** Null: what a search costs is not known. */
  per_web_search_nano: NanoUsd | null;
}

/** A price as calls are charged by it: whole pico- and nano-dollars, which no call has to parse. */
export function compilePrice(price: Price): CompiledPrice {
  const { id, version, provider, model } = price;
  return {
    id,
    version,
    provider,
    model,
    tiers: price.tiers.map((tier) => ({ above_input_tokens: tier.above_input_tokens, rates: compile(tier.rates) })),
    per_request_nano: micro(price.per_request_usd ?? '0') * 1_000n,
    per_web_search_nano: price.per_web_search_usd === undefined ? null : micro(price.per_web_search_usd) * 1_000n,
  };
}

/**
 * What a usage is charged for, each kind of token once, kinds of which there are none left out. Null: something in it
 * has no price, so nobody knows what the call costs.
 */
export function chargesOf(usage: Usage, price: CompiledPrice): Charge[] | null {
  const { rates } = tierOf(price, usage.input_tokens);
  const written = usage.cache_write_tokens + usage.cache_write_1h_tokens;
  const audio = Math.min(usage.audio_input_tokens ?? 0, Math.max(0, usage.input_tokens - written));
  // Providers do not say which of the cached tokens are audio. What must be both is charged once, as audio.
  const overlap = Math.max(0, usage.cached_input_tokens + written + audio - usage.input_tokens);
  const cached = Math.max(0, usage.cached_input_tokens - overlap);
  const audio_output = Math.min(usage.audio_output_tokens ?? 0, usage.output_tokens);
  const searches = usage.web_searches ?? 0;
  if (searches > 0 && price.per_web_search_nano === null) return null;
  const charges: Charge[] = [];
  const charge = (kind: Charge['kind'], quantity: number, each_pico: PicoUsd) => {
    if (quantity > 0) charges.push({ kind, quantity, each_pico });
  };
  charge('input', usage.input_tokens - cached - written - audio, rates.input);
  charge('cached_input', cached, rates.cached_input);
  charge('cache_write', usage.cache_write_tokens, rates.cache_write);
  charge('cache_write_1h', usage.cache_write_1h_tokens, rates.cache_write_1h);
  charge('audio_input', audio, rates.audio_input);
  charge('output', usage.output_tokens - audio_output, rates.output);
  charge('audio_output', audio_output, rates.audio_output);
  if (price.per_request_nano > 0n) charge('request', 1, price.per_request_nano * 1_000n);
  if (price.per_web_search_nano !== null) charge('web_search', searches, price.per_web_search_nano * 1_000n);
  return charges;
}

/** What a request can make the provider bill besides plain text; all of it unless the request rules it out. */
export interface Reach {
  cache_write: boolean;
  cache_write_1h: boolean;
  audio: boolean;
  /** Null: as many as the provider likes. */
  web_searches: number | null;
}

const everything: Reach = { cache_write: true, cache_write_1h: true, audio: true, web_searches: 0 };

/**
 * An upper bound for any usage of at most `input_tokens_bound` input tokens within `reach`: the cost is at most
 * `(base_pico + output_tokens · output_pico) / 1000`, rounded up, in nano-USD. Every input token is taken at the
 * dearest rate of any tier that can be reached. Null: there is none, for searches have no price or no end.
 */
export function worstCase(
  price: CompiledPrice,
  input_tokens_bound: number,
  reach: Reach = everything,
): { base_pico: PicoUsd; output_pico: PicoUsd } | null {
  const searches = worstSearches(price, reach);
  if (searches === null) return null;
  let input = 0n;
  let output = 0n;
  for (const { above_input_tokens, rates } of price.tiers) {
    if (above_input_tokens > 0 && above_input_tokens >= input_tokens_bound) continue;
    input = max(input, rates.input, rates.cached_input);
    output = max(output, rates.output);
    if (reach.cache_write) input = max(input, rates.cache_write);
    if (reach.cache_write_1h) input = max(input, rates.cache_write_1h);
    if (reach.audio) input = max(input, rates.audio_input);
    if (reach.audio) output = max(output, rates.audio_output);
  }
  const events = price.per_request_nano + searches;
  return { base_pico: BigInt(input_tokens_bound) * input + events * 1_000n, output_pico: output };
}

function worstSearches({ per_web_search_nano }: CompiledPrice, { web_searches }: Reach): NanoUsd | null {
  if (web_searches === 0) return 0n;
  return web_searches === null || per_web_search_nano === null ? null : BigInt(web_searches) * per_web_search_nano;
}

function tierOf(price: CompiledPrice, input_tokens: number): { rates: Rates } {
  const [lowest, ...higher] = price.tiers;
  if (!lowest) throw new RangeError(`price ${price.id} has no tier`);
  return higher.findLast((tier) => input_tokens > tier.above_input_tokens) ?? lowest;
}

function compile(rates: PriceRates): Rates {
  const input = micro(rates.input);
  const output = rates.output === undefined ? input : micro(rates.output);
  const cache_write = rates.cache_write === undefined ? input : micro(rates.cache_write);
  return {
    input,
    output,
    cached_input: rates.cached_input === undefined ? input : micro(rates.cached_input),
    cache_write,
    cache_write_1h: rates.cache_write_1h === undefined ? cache_write : micro(rates.cache_write_1h),
    audio_input: rates.audio_input === undefined ? input : micro(rates.audio_input),
    audio_output: rates.audio_output === undefined ? output : micro(rates.audio_output),
  };
}

/** A decimal in USD as whole micro-USD; per million tokens that is pico-USD per token. */
function micro(text: string): bigint {
  const [whole = '', part = ''] = text.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(part.padEnd(6, '0'));
}

function max(first: bigint, ...others: bigint[]): bigint {
  let most = first;
  for (const value of others) if (value > most) most = value;
  return most;
}
