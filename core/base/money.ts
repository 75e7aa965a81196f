import { z } from 'zod';

/**
 * Money is counted in whole nano-dollars (1e-9 USD) as `bigint`, and written as an exact decimal string
 * with nine places, the form of `numeric(20,9)` in the database and of `cost_usd` on the wire.
 */
export type NanoUsd = bigint;

const nano_per_usd = 1_000_000_000n;

/** `4120000n` → `"0.004120000"`. */
export function usdOfNano(nano: NanoUsd): string {
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  return `${sign}${size / nano_per_usd}.${String(size % nano_per_usd).padStart(9, '0')}`;
}

/** `"0.00412"` → `4120000n`. Digits beyond the ninth place must be zeros: money is never rounded by accident. */
export function nanoOfUsd(text: string): NanoUsd {
  const match = /^(-?)(\d{1,11})(?:\.(\d{1,9})0*)?$/.exec(text);
  if (!match) throw new RangeError(`"${text}" is not an amount in USD with at most 9 decimal places`);
  const [, sign, whole = '0', part = ''] = match;
  const nano = BigInt(whole) * nano_per_usd + BigInt(part.padEnd(9, '0'));
  return sign ? -nano : nano;
}

/** Quotient rounded up, for non-negative amounts: the one place where money is rounded. */
export function ceilDiv(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}

/** An amount on the wire: a number or a decimal string, at most nine decimal places; parsed to the exact string. */
export const usd_amount = z.union([z.string(), z.number()]).transform((value, context) => {
  const text = typeof value === 'number' ? decimalOfNumber(value) : value;
  if (/^\d{1,11}(\.\d{1,9}0*)?$/.test(text)) return usdOfNano(nanoOfUsd(text));
  context.addIssue({
    code: 'custom',
    message: 'must be an amount in USD, zero or more, with at most 9 decimal places',
  });
  return z.NEVER;
});

/** The decimal notation of a number, without the exponent JavaScript uses for small ones (`1e-7` → `0.0000001`). */
function decimalOfNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(12).replace(/0+$/, '').replace(/\.$/, '') : text;
}
