import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { epochMs, instant } from '../base/time.ts';
import type { LimitOf, LimitType } from './limits/define.ts';

/** Longest life of an override, in hours. */
export const longest_override_h = 168;

/** A temporary raise of one limit as it stands in a snapshot: until it expires, for one subject or for all. */
export interface ActiveOverride {
  id: string;
  control_id: string;
  /** The balance it concerns; null: every one of the limit. */
  subject: string | null;
  /** What is added, in the limit's own unit; null: `factor` says it. */
  amount: string | null;
  /** What the limit is multiplied by, a decimal with at most six places. */
  factor: string | null;
  expires_at: string;
}

/** How an override stands in what was decided under it. */
export const raise = z
  .object({
    override_id: idOf('override'),
    base_limit: z.union([z.number(), z.string()]).meta({ description: 'The limit as its policy has it' }),
    expires_at: instant,
  })
  .meta({ id: 'Raise' });

/** A limit as it is raised for a subject at an instant, in whole units of the books. */
export interface Raised {
  override: ActiveOverride;
  base: bigint;
  max: bigint;
}

/** The books count in 64 bits with a sign; half of that leaves room for every sum. */
const most_units = 2n ** 62n;

/** A limit with an override, whatever the instant and the subject. */
export function raisedBy(override: ActiveOverride, limit: LimitOf, type: LimitType): bigint {
  const base = type.cap(limit);
  const max =
    override.amount === null
      ? (base * millionthsOf(override.factor ?? '1')) / 1_000_000n
      : base + type.cap({ ...limit, max: override.amount });
  return max > most_units ? most_units : max;
}

/**
 * What raises a limit for a subject at an instant: the override that allows most. They do not add up, so the effect of
 * one can be read without knowing the others. Null: none does.
 */
export function raisedFor(
  overrides: readonly ActiveOverride[] | undefined,
  of: { control_id: string; subject: string; limit: LimitOf; type: LimitType },
  at_ms: number,
): Raised | null {
  let raised: Raised | null = null;
  for (const override of overrides ?? []) {
    if (override.control_id !== of.control_id || epochMs(override.expires_at) <= at_ms) continue;
    if (override.subject !== null && override.subject !== of.subject) continue;
    const max = raisedBy(override, of.limit, of.type);
    if (raised === null || max > raised.max) raised = { override, base: of.type.cap(of.limit), max };
  }
  return raised;
}

/** `"1.5"` → `1500000n`. */
function millionthsOf(factor: string): bigint {
  const [whole = '0', part = ''] = factor.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(part.slice(0, 6).padEnd(6, '0'));
}

/** By what a limit is multiplied: a number or a decimal string, parsed to the text. */
export const factor = z
  .union([z.number(), z.string()])
  .transform(String)
  .refine(
    (text) =>
      /^\d{1,4}(\.\d{1,6})?$/.test(text) && millionthsOf(text) > 1_000_000n && millionthsOf(text) <= 1_000_000_000n,
    'must be a number above 1 and at most 1000, with at most 6 decimal places: an override only raises',
  );
