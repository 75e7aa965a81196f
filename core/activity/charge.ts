import { z } from 'zod';
import { count } from '../base/column.ts';
import { ceilDiv, type NanoUsd } from '../base/money.ts';

/**
 * What a call can be charged for. The kinds of input and of output share out the tokens of a usage and never overlap.
 * `held_input` and `held_output` are charged when nobody knows what was used: all that was held, at the dearest rates.
 */
export const charge_kinds = [
  ...(['input', 'cached_input', 'cache_write', 'cache_write_1h', 'audio_input', 'output', 'audio_output'] as const),
  ...(['request', 'web_search', 'held_input', 'held_output'] as const),
] as const;
export type ChargeKind = (typeof charge_kinds)[number];

/** So many of a kind at a price for each, in pico-USD. */
export interface Charge {
  kind: ChargeKind;
  quantity: number;
  each_pico: bigint;
}

/** Every charge summed exactly, rounded up once. */
export const costOf = (charges: readonly Charge[]): NanoUsd =>
  ceilDiv(
    charges.reduce((sum, { quantity, each_pico }) => sum + BigInt(quantity) * each_pico, 0n),
    1_000n,
  );

/** All that a call could have cost, as it was held: what its record says and what is posted are one amount. */
export const heldCharges = (
  price: { base_pico: bigint; output_pico: bigint },
  output_tokens: number,
): [Charge, Charge] => [
  { kind: 'held_input', quantity: 1, each_pico: price.base_pico },
  { kind: 'held_output', quantity: output_tokens, each_pico: price.output_pico },
];

/** A charge as a record keeps it, with its price as lists publish it: USD for a million tokens, or for one event. */
export const recorded_charge = z.object({
  kind: z.enum(charge_kinds),
  quantity: count,
  price_usd: z.string().meta({ description: 'USD, exact', examples: ['2.5'] }),
  per: z.union([z.literal(1), z.literal(1_000_000)]).meta({ description: 'For how many the price is' }),
});
export type RecordedCharge = z.infer<typeof recorded_charge>;

/** What the price of one of a kind is for; of tokens it is published by the million. */
const of_one = new Set<ChargeKind>(['request', 'web_search', 'held_input']);

/** Charges as a record keeps them, priced as providers publish it. */
export const recordedCharges = (charges: readonly Charge[]): RecordedCharge[] =>
  charges.map(({ kind, quantity, each_pico }) =>
    of_one.has(kind)
      ? { kind, quantity, price_usd: decimalOf(each_pico, 12), per: 1 }
      : { kind, quantity, price_usd: decimalOf(each_pico, 6), per: 1_000_000 },
  );

/** A whole number of units of so many decimal places: `(2500000n, 6)` → `"2.5"`. */
function decimalOf(units: bigint, places: number): string {
  const digits = String(units).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '');
}
