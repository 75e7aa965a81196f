import type { Input } from '../api.ts';
import type { Gauge, Limit } from './gauge.ts';

interface Raise {
  /** In the limit's own unit, as it was written. */
  amount: string;
  /** Null: until the window of the limit ends, for a week where that is later, or for a day where it has no end. */
  hours: number | null;
  reason: string;
}

type Read = Pick<Limit, 'generated_at'>;
type Ending = Pick<Gauge, 'window'>;

/** Longest life of a raise, in hours: a longer one is refused. */
export const longest_raise_h = 168;

/** How long a raise lasts that nobody gave a time: the rest of the window, a week where that is longer, or a day. */
export function lastingOf({ generated_at }: Read, { window: { end } }: Ending): 'window' | 'week' | 'day' {
  if (end === null) return 'day';
  // By the time of the server, which refuses what lasts too long by its own clock.
  const left_ms = Date.parse(end) - Date.parse(generated_at);
  return left_ms > longest_raise_h * 3_600_000 ? 'week' : 'window';
}

/** More room in one balance for a time, as it is asked for. */
export function raiseOf(
  limit: Pick<Limit, 'id' | 'policy_id' | 'generated_at'>,
  gauge: Pick<Gauge, 'subject' | 'unit' | 'window'>,
  { amount, hours, reason }: Raise,
): Input<'createOverride'> {
  return {
    params: { id: limit.policy_id },
    body: {
      control_id: limit.id,
      ...(gauge.subject !== '*' && { subject: gauge.subject }),
      // Money is exact as a text; what is counted is a number.
      amount: gauge.unit.startsWith('usd') ? amount.trim() : Number(amount),
      ...(hours === null ? endOf(limit, gauge) : { hours }),
      reason,
    },
  };
}

function endOf(limit: Read, gauge: Ending): { hours: number } | { expires_at: string | null } {
  const lasting = lastingOf(limit, gauge);
  if (lasting === 'window') return { expires_at: gauge.window.end };
  return { hours: lasting === 'week' ? longest_raise_h : 24 };
}
