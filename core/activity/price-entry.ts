import { z } from 'zod';
import { reason, url } from '../access/slug.ts';
import { instant } from '../base/time.ts';
import { type PriceRates, price_schema } from './price.ts';

const { tiers, model, per_request_usd, per_web_search_usd } = price_schema.shape;

/** What a model costs and since when: of the tenant's own making, or of the packaged book. */
export const price_entry = z.object({
  id: z.string(),
  provider: z.string(),
  model: z.string(),
  version: z.string(),
  /** USD per million tokens. */
  tiers,
  per_request_usd,
  per_web_search_usd,
  /** `manual`: made by this tenant; else the name of the book. */
  source: z.string(),
  /** Calls made now are charged by it. */
  in_force: z.boolean(),
  effective_from: instant.nullable(),
  created_by: z.string().nullable(),
  reason: z.string().nullable(),
  created_at: instant.nullable(),
  url,
});
export type PriceEntry = z.infer<typeof price_entry>;

/** USD per million tokens, or for one: a decimal string, or a number as people write it. */
const rate = z.union([z.string(), z.number()]).transform((value, context) => {
  const text = typeof value === 'number' ? value.toFixed(9).replace(/\.?0+$/, '') : value;
  const is_whole = typeof value === 'string' || Number(text) === value;
  if (is_whole && /^\d{1,9}(\.\d{1,6})?$/.test(text)) return text;
  context.addIssue({
    code: 'custom',
    message: 'must be an amount in USD, zero or more, with at most 6 decimal places',
  });
  return z.NEVER;
});

const simple = {
  input_usd_per_million: rate.optional(),
  output_usd_per_million: rate.optional(),
  cached_input_usd_per_million: rate.optional(),
  cache_write_usd_per_million: rate.optional(),
};

/** What is billed one by one, beside the tokens. */
const events = { per_request_usd: rate.optional(), per_web_search_usd: rate.optional() };

/** Either `tiers`, or rates that hold for every size of input. */
export const new_price = z
  .strictObject({
    /** The slug of a provider, or its kind for all providers of that kind. */
    provider: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}$/, 'must be the slug or the kind of a provider'),
    model,
    tiers: tiers.optional(),
    ...simple,
    ...events,
    /** Absent: from now on. Never in the past: what was charged stays charged. */
    effective_from: instant.optional(),
    reason,
  })
  .superRefine((body, context) => {
    const named = Object.keys(simple).filter((name) => body[name as keyof typeof simple] !== undefined);
    if (body.tiers && named.length > 0) {
      context.addIssue({ code: 'custom', path: ['tiers'], message: `excludes ${named.join(', ')}: keep one of both` });
    }
    if (!body.tiers && body.input_usd_per_million === undefined) {
      context.addIssue({ code: 'custom', path: [], message: 'needs "input_usd_per_million" or "tiers"' });
    }
  });
export type NewPrice = z.infer<typeof new_price>;

/** The tiers of a price as it was written: rates without tiers are one that begins at no tokens. */
export function tiersOf(body: NewPrice): { above_input_tokens: number; rates: PriceRates }[] {
  if (body.tiers) return body.tiers;
  const rates: PriceRates = {
    input: body.input_usd_per_million ?? '0',
    ...(body.output_usd_per_million !== undefined && { output: body.output_usd_per_million }),
    ...(body.cached_input_usd_per_million !== undefined && { cached_input: body.cached_input_usd_per_million }),
    ...(body.cache_write_usd_per_million !== undefined && { cache_write: body.cache_write_usd_per_million }),
  };
  return [{ above_input_tokens: 0, rates }];
}
