import { z } from 'zod';
import { nanoOfUsd, usdOfNano } from './money.ts';

/**
 * A count that the database keeps as `bigint`, which its driver gives as a text. Beyond 2^53 it is refused, because a
 * JSON number would no longer be exact.
 */
export const count = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
  z.int().nonnegative(),
);

/** Money as it is written: an exact decimal in USD with nine places. A text with fewer places gets its zeros. */
export const usd = z.preprocess(
  (value) =>
    typeof value === 'string' && /^-?\d{1,11}(\.\d{1,9})?$/.test(value) ? usdOfNano(nanoOfUsd(value)) : value,
  z
    .string()
    .regex(/^-?\d{1,11}\.\d{9}$/)
    .meta({ description: 'USD, exact, nine decimal places', examples: ['0.004120000'] }),
);

/** Tags of a call or a run, as its caller wrote them. */
export const tags = z.record(z.string(), z.string());
