import { instantText } from '../base/time.ts';
import { type Window, windowAt } from '../base/window.ts';
import { type Bucket, roomAt } from './free-room.ts';
import type { LimitOf, LimitType } from './limits/define.ts';
import { countedOver, typeOf } from './limits/index.ts';
import { type ActiveOverride, raisedFor } from './override.ts';

/** A balance in whole units of the books, with the subject it is kept for; `*` when all is counted together. */
export interface Balance {
  subject: string;
  posted: bigint;
  pending: bigint;
}

/** How full a limit is for one subject: amounts in the limit's own unit, instants in RFC 3339. */
export interface Gauge {
  subject: string;
  unit: string;
  /** What is allowed now: the limit of the policy, or more while an override raises it. */
  cap: number | string;
  /** The limit as its policy has it. */
  base_cap: number | string;
  /** What raises it; null: nothing does. */
  override: { id: string; expires_at: string } | null;
  posted: number | string;
  pending: number | string;
  remaining: number | string;
  window: { start: string | null; end: string | null };
  /** When it counts from zero; of a rolling window that is full, when it has room again; else null. */
  resets_at: string | null;
  /** Posted and pending per minute of the window so far; null where the window has no beginning. */
  burn: number | string | null;
  /** When nothing is left if it goes on like this; null when the window ends before that, or has no end. */
  empties_at: string | null;
}

/** Limits with a single balance: counted together, and not for each run or session. */
export const isSingle = ({ count_per, window }: LimitOf): boolean =>
  count_per === 'together' && !(window && 'per' in window && (window.per === 'run' || window.per === 'session'));

/** Limits with a balance for each run or session, of which there are ever more: listed newest first, and not by fullness. */
export const isOfRuns = ({ count_per, window }: LimitOf): boolean =>
  [count_per, window && 'per' in window ? window.per : undefined].some((of) => of === 'run' || of === 'session');

/** Less than a minute of burn, or than the window if it is shorter, says nothing about the next one. */
const least_elapsed_ms = 60_000;

/** `buckets` are those of a rolling window in their order; without them it is not said when it has room again. */
export function gaugeOf(
  limit: LimitOf,
  { subject, posted, pending }: Balance,
  at_ms: number,
  exceptions: { control_id: string; overrides?: readonly ActiveOverride[] } = { control_id: '' },
  buckets: readonly Bucket[] = [],
): Gauge {
  const type = typeOf(limit);
  const { control_id, overrides } = exceptions;
  const raised = raisedFor(overrides, { control_id, subject, limit, type }, at_ms);
  const base_cap = type.cap(limit);
  const cap = raised?.max ?? base_cap;
  const used = posted + pending;
  const left = used < cap ? cap - used : 0n;
  const window = countedOver(limit);
  const { start_ms, end_ms, elapsed_ms } = spanOf(window, at_ms);
  const room_ms = window && left === 0n ? roomAt(window, buckets, used - cap + 1n) : null;
  return {
    subject,
    unit: type.unit,
    cap: type.show(cap, limit),
    base_cap: type.show(base_cap, limit),
    override: raised && { id: raised.override.id, expires_at: raised.override.expires_at },
    posted: type.show(posted, limit),
    pending: type.show(pending, limit),
    remaining: type.show(left, limit),
    window: { start: textOf(start_ms), end: textOf(end_ms) },
    resets_at: textOf(end_ms ?? room_ms),
    burn: elapsed_ms === null ? null : burnOf(type, limit, used, elapsed_ms),
    empties_at: left === 0n ? instantText(at_ms) : emptiesAt(used, left, elapsed_ms, at_ms, end_ms),
  };
}

interface Span {
  start_ms: number | null;
  end_ms: number | null;
  /** For how long the window has counted. */
  elapsed_ms: number | null;
}

function spanOf(window: Window | undefined, at_ms: number): Span {
  if (!window) return { start_ms: null, end_ms: null, elapsed_ms: null };
  if ('rolling_seconds' in window) {
    const length_ms = window.rolling_seconds * 1000;
    return { start_ms: at_ms - length_ms, end_ms: null, elapsed_ms: length_ms };
  }
  const { start_ms, end_ms } = windowAt(window, at_ms);
  if (end_ms === null) return { start_ms: null, end_ms, elapsed_ms: null };
  const elapsed_ms = Math.max(at_ms - start_ms, Math.min(least_elapsed_ms, end_ms - start_ms));
  return { start_ms, end_ms, elapsed_ms };
}

function burnOf(type: LimitType, limit: LimitOf, used: bigint, elapsed_ms: number): number | string {
  const milli_per_minute = (used * 60_000_000n) / BigInt(Math.round(elapsed_ms));
  return typeof type.show(0n, limit) === 'string'
    ? type.show(milli_per_minute / 1000n, limit)
    : Number(milli_per_minute) / 1000;
}

function emptiesAt(used: bigint, left: bigint, elapsed_ms: number | null, at_ms: number, end_ms: number | null) {
  if (elapsed_ms === null || end_ms === null || used === 0n) return null;
  const empty_ms = at_ms + Number((left * BigInt(Math.round(elapsed_ms))) / used);
  return empty_ms < end_ms ? instantText(empty_ms) : null;
}

const textOf = (at_ms: number | null): string | null => (at_ms === null ? null : instantText(at_ms));
