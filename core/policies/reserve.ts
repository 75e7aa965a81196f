import type { Asker, Call, Estimate } from '../activity/call.ts';
import { present, unreachable } from '../base/assert.ts';
import type { ProblemCode } from '../base/error.ts';
import { windowAt } from '../base/window.ts';
import { refuses } from './action.ts';
import type { CountPer, LimitOf, LimitType } from './limits/define.ts';
import { limit_types } from './limits/index.ts';
import type { Matched } from './resolve.ts';

/** Which balance a line counts on. The window is part of the key, so nothing is ever reset. */
export interface BalanceKey {
  control_id: string;
  subject: string;
  window_start_ms: number;
  /** Rolling windows: earlier buckets that start after this instant count too. */
  since_ms: number | null;
}

/** What one call asks of one balance. */
export interface Line extends Matched {
  limit: LimitOf;
  type: LimitType;
  key: BalanceKey;
  resets_at_ms: number | null;
  /** Whole units; for output bound `o` the call asks ceil((base + o * rate) / scale). */
  base: bigint;
  rate: bigint;
  scale: number;
  /** What the limit allows, in whole units. */
  max: bigint;
  /** The cap that refuses: `max`, or null when the control only counts and reports. */
  cap: bigint | null;
}

/** A limit that cannot be applied, for example a cost limit on a model without a price. */
export interface Unmeasurable extends Matched {
  limit: LimitOf;
  type: LimitType;
  code: ProblemCode;
}

export interface Reservation {
  lines: Line[];
  unmeasurable: Unmeasurable[];
}

/** The holds a call needs: one line for each matching limit. Pure: the books answer whether there is room. */
export function reserve(matched: readonly Matched[], call: Call, estimate: Estimate, at_ms: number): Reservation {
  const reservation: Reservation = { lines: [], unmeasurable: [] };
  for (const { policy, control } of matched) {
    const { limit } = control;
    if (!limit) continue;
    const type = present(limit_types.get(limit.type), `limit type ${limit.type}`);
    const ask = type.ask(limit, estimate);
    if (typeof ask === 'string') {
      reservation.unmeasurable.push({ policy, control, limit, type, code: ask });
      continue;
    }
    const { key, resets_at_ms } = balanceOf(control.id, limit, call.asker, at_ms);
    const max = maxOf(limit, type);
    const cap = policy.mode === 'enforce' && refuses(control.action) ? max : null;
    const { base, rate, scale } = ask;
    reservation.lines.push({ policy, control, limit, type, key, resets_at_ms, base, rate, scale, max, cap });
  }
  return reservation;
}

/** Caps read from their documents once: a snapshot's documents never change. */
const maxima = new WeakMap<LimitOf, bigint>();

function maxOf(limit: LimitOf, type: LimitType): bigint {
  const known = maxima.get(limit);
  if (known !== undefined) return known;
  const max = type.cap(limit);
  maxima.set(limit, max);
  return max;
}

/** The balance a limit counts on for this caller at this instant. */
export function balanceOf(control_id: string, limit: LimitOf, asker: Asker, at_ms: number) {
  const window = limit.window && windowAt(limit.window, at_ms);
  const key: BalanceKey = {
    control_id,
    subject: subjectOf(limit, asker),
    window_start_ms: window?.start_ms ?? 0,
    since_ms: window?.since_ms ?? null,
  };
  return { key, resets_at_ms: window?.end_ms ?? null };
}

/** One balance for all; a subject that the call does not have is replaced by its run, so nothing is ever unlimited. */
function subjectOf(limit: LimitOf, asker: Asker): string {
  const parts = new Set<string>();
  if (limit.count_per !== 'together') parts.add(idFor(limit.count_per, asker));
  if (limit.window && 'per' in limit.window) {
    if (limit.window.per === 'run') parts.add(asker.run_id);
    if (limit.window.per === 'session') parts.add(idFor('session', asker));
  }
  return parts.size === 0 ? '*' : [...parts].join(' ');
}

function idFor(per: Exclude<CountPer, 'together'>, asker: Asker): string {
  switch (per) {
    case 'project':
      return asker.project.id;
    case 'api_key':
      return asker.api_key.lineage_id;
    case 'agent':
      return asker.agent?.id ?? asker.run_id;
    case 'actor':
      return asker.actor?.id ?? asker.run_id;
    case 'session':
      return asker.session?.id ?? asker.run_id;
    case 'run':
      return asker.run_id;
    default:
      return unreachable(per);
  }
}

/** What a line asks for a given output bound, in whole units. */
export function amountOf(line: Pick<Line, 'base' | 'rate' | 'scale'>, output_bound: number): bigint {
  const scale = BigInt(line.scale);
  return (line.base + BigInt(output_bound) * line.rate + scale - 1n) / scale;
}
