import type { Asker, Call, Estimate, Unpriced } from '../activity/call.ts';
import { unreachable } from '../base/assert.ts';
import type { ProblemCode } from '../base/error.ts';
import { type Window, type WindowAt, windowAt } from '../base/window.ts';
import { refuses } from './action.ts';
import type { Ask, CountPer, LimitOf, LimitType } from './limits/define.ts';
import { countedOver, typeOf } from './limits/index.ts';
import { type Raised, raisedFor } from './override.ts';
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
  /** What the limit allows, in whole units: raised where an override says so. */
  max: bigint;
  raised?: Raised | null;
  /** What it asks is the place of the run, which its first call that is let in takes. */
  counts_runs?: true;
  /** The cap that refuses: `max`, or null when the control only counts and reports. */
  cap: bigint | null;
}

/** A limit that cannot be applied, for example a cost limit on a model without a price. */
export interface Unmeasurable extends Matched {
  limit: LimitOf;
  type: LimitType;
  code: ProblemCode;
  unpriced?: Unpriced | undefined;
}

/** A balance as it stood just before the call, in whole units; where runs are counted, without the run of the call. */
export interface Seen {
  posted: bigint;
  pending: bigint;
  /** The run of the call is among those counted: it is in, and stays in whatever becomes of the limit. */
  has_place?: true;
}

/** A limit that the clock measures: nothing is held for it, what is used is known at once. */
export interface Timed {
  line: Line;
  seen: Seen;
}

export interface Reservation {
  lines: Line[];
  timed: Timed[];
  unmeasurable: Unmeasurable[];
}

/** The holds a call needs: one line for each matching limit. Pure: the books answer whether there is room. */
export function reserve(matched: readonly Matched[], call: Call, estimate: Estimate, at_ms: number): Reservation {
  const reservation: Reservation = { lines: [], timed: [], unmeasurable: [] };
  for (const of of matched) {
    const { limit } = of.control;
    if (!limit) continue;
    const prepared = preparedOf(limit);
    const { type } = prepared;
    if (call.kind === 'step' && !type.counts_every_step) continue;
    const ask = type.ask(limit, estimate);
    if (typeof ask === 'string') {
      reservation.unmeasurable.push({ ...of, limit, type, code: ask, unpriced: estimate.unpriced });
      continue;
    }
    const line = lineOf(of, limit, prepared, ask, call.asker, at_ms);
    const used = type.clock?.(limit, call.asker, at_ms);
    if (used === undefined) reservation.lines.push(line);
    else reservation.timed.push({ line, seen: { posted: used, pending: 0n } });
  }
  return reservation;
}

function lineOf(of: Matched, limit: LimitOf, prepared: Prepared, ask: Ask, asker: Asker, at_ms: number): Line {
  const { policy, control, ruled_by } = of;
  const { type, counted_over } = prepared;
  const window = counted_over && windowAt(counted_over, at_ms);
  const subject = subjectOf(limit, asker);
  const raised = policy.overrides
    ? raisedFor(policy.overrides, { control_id: control.id, subject, limit, type }, at_ms)
    : null;
  const max = raised?.max ?? prepared.max;
  const line: Line = {
    policy,
    control,
    limit,
    type,
    key: keyOf(control.id, subject, window),
    resets_at_ms: window?.end_ms ?? null,
    base: ask.base,
    rate: ask.rate,
    scale: ask.scale,
    max,
    raised,
    cap: policy.mode === 'enforce' && refuses(control.action) ? max : null,
  };
  if (type.counts_runs) line.counts_runs = true;
  if (ruled_by !== undefined) line.ruled_by = ruled_by;
  return line;
}

const keyOf = (control_id: string, subject: string, window: WindowAt | undefined): BalanceKey => ({
  control_id,
  subject,
  window_start_ms: window?.start_ms ?? 0,
  since_ms: window?.since_ms ?? null,
});

/** What a limit says, read from its document once: the documents of a snapshot never change. */
interface Prepared {
  type: LimitType;
  max: bigint;
  counted_over: Window | undefined;
}
const prepared_limits = new WeakMap<LimitOf, Prepared>();

function preparedOf(limit: LimitOf): Prepared {
  const known = prepared_limits.get(limit);
  if (known) return known;
  const type = typeOf(limit);
  const prepared = { type, max: type.cap(limit), counted_over: countedOver(limit) };
  prepared_limits.set(limit, prepared);
  return prepared;
}

/** The balance a limit counts on for this caller at this instant. */
export function balanceOf(control_id: string, limit: LimitOf, asker: Asker, at_ms: number) {
  const counted_over = countedOver(limit);
  const window = counted_over && windowAt(counted_over, at_ms);
  return { key: keyOf(control_id, subjectOf(limit, asker), window), resets_at_ms: window?.end_ms ?? null };
}

/** One balance for all; a subject that the call does not have is replaced by its run, so nothing is ever unlimited. */
function subjectOf({ count_per, window }: LimitOf, asker: Asker): string {
  const counted = count_per === 'together' ? null : idFor(count_per, asker);
  const per = window && 'per' in window ? window.per : null;
  if (per !== 'run' && per !== 'session') return counted ?? '*';
  const spanned = idFor(per, asker);
  return counted === null || counted === spanned ? spanned : `${counted} ${spanned}`;
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
export function amountOf({ base, rate, scale }: Pick<Line, 'base' | 'rate' | 'scale'>, output_bound: number): bigint {
  const asked = rate === 0n ? base : base + BigInt(output_bound) * rate;
  if (scale === 1) return asked;
  const by = BigInt(scale);
  return (asked + by - 1n) / by;
}

/** What the call itself holds of a line until it ends: the place of a run belongs to the run. */
export const heldOf = (line: Line, output_bound: number): bigint =>
  line.counts_runs ? 0n : amountOf(line, output_bound);

/** The output bound that what is left pays for, as the books grant it; null: they refuse. */
export function grantedBound(
  lines: readonly { line: Line; seen: Seen }[],
  { wanted, floor }: Estimate['output_tokens'],
): number | null {
  let bound = BigInt(wanted);
  for (const { line, seen } of lines) {
    if (line.cap === null || seen.has_place) continue;
    const room = (line.cap - seen.posted - seen.pending) * BigInt(line.scale) - line.base;
    if (room < 0n) return null;
    if (line.rate > 0n && room / line.rate < bound) bound = room / line.rate;
  }
  return bound >= BigInt(floor) ? Number(bound) : null;
}
