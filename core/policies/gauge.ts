import { present } from '../base/assert.ts';
import { instantText } from '../base/time.ts';
import { windowAt } from '../base/window.ts';
import type { LimitOf, LimitType } from './limits/define.ts';
import { limit_types } from './limits/index.ts';

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
  cap: number | string;
  posted: number | string;
  pending: number | string;
  remaining: number | string;
  window: { start: string | null; end: string | null };
  resets_at: string | null;
  /** Posted and pending per minute of the window so far; null where the window has no beginning. */
  burn: number | string | null;
  /** When nothing is left if it goes on like this; null when the window ends before that, or has no end. */
  empties_at: string | null;
}

/** Limits with a single balance: counted together, and not for each run or session. */
export const isSingle = ({ count_per, window }: LimitOf): boolean =>
  count_per === 'together' && !(window && 'per' in window && (window.per === 'run' || window.per === 'session'));

/** Less than a minute of burn, or than the window if it is shorter, says nothing about the next one. */
const least_elapsed_ms = 60_000;

export function gaugeOf(limit: LimitOf, { subject, posted, pending }: Balance, at_ms: number): Gauge {
  const type = present(limit_types.get(limit.type), `limit type ${limit.type}`);
  const cap = type.cap(limit);
  const used = posted + pending;
  const left = used < cap ? cap - used : 0n;
  const { start_ms, end_ms, elapsed_ms } = spanOf(limit, at_ms);
  return {
    subject,
    unit: type.unit,
    cap: type.show(cap),
    posted: type.show(posted),
    pending: type.show(pending),
    remaining: type.show(left),
    window: { start: textOf(start_ms), end: textOf(end_ms) },
    resets_at: textOf(end_ms),
    burn: elapsed_ms === null ? null : burnOf(type, used, elapsed_ms),
    empties_at: left === 0n ? instantText(at_ms) : emptiesAt(used, left, elapsed_ms, at_ms, end_ms),
  };
}

interface Span {
  start_ms: number | null;
  end_ms: number | null;
  /** For how long the window has counted. */
  elapsed_ms: number | null;
}

function spanOf({ window }: LimitOf, at_ms: number): Span {
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

function burnOf(type: LimitType, used: bigint, elapsed_ms: number): number | string {
  const milli_per_minute = (used * 60_000_000n) / BigInt(Math.round(elapsed_ms));
  return typeof type.show(0n) === 'string' ? type.show(milli_per_minute / 1000n) : Number(milli_per_minute) / 1000;
}

function emptiesAt(used: bigint, left: bigint, elapsed_ms: number | null, at_ms: number, end_ms: number | null) {
  if (elapsed_ms === null || end_ms === null || used === 0n) return null;
  const empty_ms = at_ms + Number((left * BigInt(Math.round(elapsed_ms))) / used);
  return empty_ms < end_ms ? instantText(empty_ms) : null;
}

const textOf = (at_ms: number | null): string | null => (at_ms === null ? null : instantText(at_ms));
