/** What a limit has left over time, in numbers that are only drawn and never shown. Pure. */

interface Point {
  at: string;
  used: number | string;
}

export interface BurnInput {
  cap: number;
  points: readonly Point[];
  start_ms: number;
  /** Null: a rolling window, which has no end. */
  end_ms: number | null;
  now_ms: number;
  /** Units per minute over the window so far, as the server says it. */
  burn: number | null;
}

export interface XY {
  x: number;
  y: number;
}

export interface BurnShape {
  from_ms: number;
  to_ms: number;
  actual: XY[];
  ideal: XY[];
  /** Corners of what may come: by the pace of the whole window and by that of its last quarter. */
  cone: XY[];
  forecast: XY[];
}

const recent_share = 0.25;

/** Points in the room of the drawing: x in milliseconds, y in units that are left. */
export function burnShape({ cap, points, start_ms, end_ms, now_ms, burn }: BurnInput): BurnShape {
  const actual = points.map(({ at, used }) => ({ x: Date.parse(at), y: Math.max(0, cap - Number(used)) }));
  const to_ms = end_ms ?? now_ms;
  const ideal =
    end_ms === null
      ? []
      : [
          { x: start_ms, y: cap },
          { x: end_ms, y: 0 },
        ];
  const last = actual.at(-1);
  if (end_ms === null || last === undefined || burn === null)
    return { from_ms: start_ms, to_ms, actual, ideal, cone: [], forecast: [] };
  const whole = burn / 60_000;
  const since_ms = now_ms - (now_ms - start_ms) * recent_share;
  const before = actual.findLast(({ x }) => x <= since_ms) ?? actual[0] ?? last;
  const recent = Math.max(0, before.y - last.y) / Math.max(1, last.x - before.x);
  const forecast = [last, endOf(last, whole, end_ms)];
  const cone = [last, endOf(last, Math.min(whole, recent), end_ms), endOf(last, Math.max(whole, recent), end_ms)];
  return { from_ms: start_ms, to_ms, actual, ideal, cone: fan(cone, end_ms), forecast };
}

/** Where a pace leads: to nothing left, or to the end of the window. */
function endOf(from: XY, per_ms: number, end_ms: number): XY {
  const empty_ms = per_ms > 0 ? from.x + from.y / per_ms : Number.POSITIVE_INFINITY;
  return empty_ms <= end_ms ? { x: empty_ms, y: 0 } : { x: end_ms, y: from.y - per_ms * (end_ms - from.x) };
}

/** Closes the cone along the right and lower edges. */
function fan([last, slow, fast]: XY[], end_ms: number): XY[] {
  if (!last || !slow || !fast) return [];
  const corner = slow.y > 0 && fast.y === 0 ? [{ x: end_ms, y: 0 }] : [];
  return [last, slow, ...corner, fast];
}
