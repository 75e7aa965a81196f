import type { Input } from '../api.ts';
import type { Gauge, Limit } from './gauge.ts';

interface Raise {
  /** In the limit's own unit, as it was written. */
  amount: string;
  /** Null: until the window of the limit ends, or for a day where it has none. */
  hours: number | null;
  reason: string;
}

/** More room in one balance for a time, as it is asked for. */
export function raiseOf(
  limit: Pick<Limit, 'id' | 'policy_id'>,
  gauge: Pick<Gauge, 'subject' | 'unit' | 'resets_at'>,
  { amount, hours, reason }: Raise,
): Input<'createOverride'> {
  const ends = hours === null && gauge.resets_at !== null ? { expires_at: gauge.resets_at } : { hours: hours ?? 24 };
  return {
    params: { id: limit.policy_id },
    body: {
      control_id: limit.id,
      ...(gauge.subject !== '*' && { subject: gauge.subject }),
      // Money is exact as a text; what is counted is a number.
      amount: gauge.unit.startsWith('usd') ? amount.trim() : Number(amount),
      ...ends,
      reason,
    },
  };
}
