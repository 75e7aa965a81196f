import type { Item } from '../api.ts';
import { type Fill, fillOf, type Gauge, type Limit } from './gauge.ts';

export type Decided = Pick<Item<'listRunDecisions'>, 'contributions' | 'decided_at'>;
type Contribution = Decided['contributions'][number];

/** A limit as a decision was made by it. */
export interface Named {
  of: Contribution;
  decided_at: string;
}

export interface LimitState {
  limit: Limit;
  gauge: Gauge;
  fill: Fill;
  /** When it was so; null: now. */
  as_of: string | null;
  /** What it is by now, where that is not what is shown; null: there is no such balance any more. */
  now: Gauge | null;
}

/** The limits that the latest decisions of a run were made under, each with the subject whose balance counted. */
export function limitsOf(decisions: readonly Decided[]): Named[] {
  const named = new Map<string, Named>();
  for (const { contributions, decided_at } of decisions)
    for (const of of contributions) {
      const name = `${of.control_id} ${of.subject}`;
      const is_limit = of.unit !== null && of.control_id.startsWith('ctl_');
      if (is_limit && !named.has(name)) named.set(name, { of, decided_at });
    }
  return [...named.values()];
}

/**
 * Its balance now. Of a run that is over, and where the balance is over with it, what it was when it was last decided
 * by: today's balance did not decide about that run.
 */
export function stateOf(limit: Limit, { of, decided_at }: Named, is_over: boolean): LimitState[] {
  const now = limit.items[0] ?? null;
  const then = now === null || is_over ? gaugeOf(of) : null;
  if (then) return [{ limit, gauge: then, fill: fillOf(then, limit), as_of: decided_at, now }];
  return now ? [{ limit, gauge: now, fill: fillOf(now, limit), as_of: null, now: null }] : [];
}

function gaugeOf({ subject, unit, limit, used, reserved, remaining }: Contribution): Gauge | null {
  if (unit === null || limit === null || used === null) return null;
  return {
    subject: subject ?? '*',
    unit,
    cap: limit,
    base_cap: limit,
    override: null,
    posted: used,
    pending: reserved ?? 0,
    remaining: remaining ?? 0,
    window: { start: null, end: null },
    resets_at: null,
    burn: null,
    empties_at: null,
  };
}
