import { z } from 'zod';

const digits = /^\d{1,15}(?:\.0{1,9})?$/;

/** A whole number within bounds, written as a number or as a decimal string ("60"): amounts of a policy may be either. */
export const wholeNumber = (least: number, most: number) =>
  z
    .union([
      z.number().meta({ type: 'integer', minimum: least, maximum: most }),
      z.string().meta({ pattern: digits.source }),
    ])
    .transform((value) => (typeof value === 'string' && digits.test(value) ? Number(value) : value) as number)
    .pipe(z.int().min(least).max(most));
