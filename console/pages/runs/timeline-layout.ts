/** Where the steps of a run stand on their page. Pure: nothing here knows of the screen. */

export interface Spanned {
  id: string;
  parent_step_id: string | null;
  started_at: string;
  /** Null: it is under way. */
  ended_at: string | null;
  cost_usd: string | null;
}

export interface StepRow<Step extends Spanned> {
  kind: 'step';
  step: Step;
  depth: number;
  from_ms: number;
  to_ms: number;
  /** What the run had cost before this step and after it, in nano-dollars. */
  before: number;
  after: number;
  /** The rows that its tries would have, where there were several. */
  tries?: readonly StepRow<Step>[];
}

export interface IdleRow {
  kind: 'idle';
  from_ms: number;
  to_ms: number;
  after: number;
}

export type Row<Step extends Spanned> = StepRow<Step> | IdleRow;

/** Longer than this without any step, and the time between is compressed. */
const idle_ms = 30_000;

/** Exact below nine million dollars, as whole nano-dollars. */
export function nanoOf(usd: string | number | null): number {
  if (usd === null) return 0;
  const text = String(usd);
  const [whole = '0', part = ''] = text.replace('-', '').split('.');
  const size = Number(whole) * 1e9 + Number(part.padEnd(9, '0').slice(0, 9));
  return text.startsWith('-') ? -size : size;
}

/** `21000000` → `"0.021000000"`, `-21000000` → `"-0.021000000"`. */
export function usdOf(nano: number): string {
  const size = Math.abs(Math.round(nano));
  return `${nano < 0 && size > 0 ? '-' : ''}${Math.floor(size / 1e9)}.${String(size % 1e9).padStart(9, '0')}`;
}

/** Steps in the order of their start, each as deep as its parents; idle time has rows of its own. */
export function rowsOf<Step extends Spanned>(steps: readonly Step[], now_ms: number): Row<Step>[] {
  const depths = new Map<string, number>();
  const timed = steps.map((step) => ({ step, from_ms: Date.parse(step.started_at) }));
  timed.sort((a, b) => a.from_ms - b.from_ms || (a.step.id < b.step.id ? -1 : 1));
  const rows: Row<Step>[] = [];
  let cost = 0;
  let busy_until = Number.POSITIVE_INFINITY;
  for (const { step, from_ms } of timed) {
    const to_ms = step.ended_at === null ? Math.max(now_ms, from_ms) : Math.max(Date.parse(step.ended_at), from_ms);
    if (from_ms - busy_until > idle_ms) rows.push({ kind: 'idle', from_ms: busy_until, to_ms: from_ms, after: cost });
    busy_until = Math.max(rows.length === 0 ? to_ms : busy_until, to_ms);
    const parent = step.parent_step_id === null ? undefined : depths.get(step.parent_step_id);
    const depth = parent === undefined ? 0 : parent + 1;
    depths.set(step.id, depth);
    const before = cost;
    cost += nanoOf(step.cost_usd);
    rows.push({ kind: 'step', step, depth, from_ms, to_ms, before, after: cost });
  }
  return rows;
}

export interface Segment {
  from_ms: number;
  to_ms: number;
  /** Where it begins and ends, as shares of the width. */
  at: number;
  until: number;
  idle: boolean;
}

export interface Scale {
  segments: readonly Segment[];
  /** Where an instant stands, from 0 to 1. */
  at(ms: number): number;
}

/** All idle times together get no more of the width than this, and each no more than that. */
const idle_share_all = 0.25;
const idle_share_each = 0.03;

/** Time from the first step to the last one; idle time is a short stretch, unless it was asked to be shown whole. */
export function timeScale(rows: readonly Row<Spanned>[], whole: boolean): Scale {
  const spans: { from_ms: number; to_ms: number; idle: boolean }[] = [];
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    if (row.kind === 'idle' && !whole) {
      spans.push({ from_ms: start, to_ms: row.from_ms, idle: false }, { ...row, idle: true });
      start = row.to_ms;
      continue;
    }
    start = Math.min(start, row.from_ms);
    end = Math.max(end, row.to_ms);
  }
  if (rows.length > 0) spans.push({ from_ms: start, to_ms: end, idle: false });
  const active = Math.max(
    1,
    spans.reduce((sum, span) => sum + (span.idle ? 0 : span.to_ms - span.from_ms), 0),
  );
  const gaps = spans.filter(({ idle }) => idle).length;
  const gap_share = gaps === 0 ? 0 : Math.min(idle_share_each, idle_share_all / gaps);
  let at = 0;
  const segments = spans.map((span) => {
    const share = span.idle ? gap_share : ((span.to_ms - span.from_ms) / active) * (1 - gaps * gap_share);
    const segment = { ...span, at, until: at + share };
    at += share;
    return segment;
  });
  return { segments, at: (ms) => placeOf(segments, ms) };
}

function placeOf(segments: readonly Segment[], ms: number): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms > (segments[middle] as Segment).to_ms) low = middle + 1;
    else high = middle;
  }
  const of = segments[low];
  if (!of) return 0;
  const length_ms = of.to_ms - of.from_ms;
  const share = length_ms === 0 ? 0 : (ms - of.from_ms) / length_ms;
  return of.at + Math.max(0, Math.min(1, share)) * (of.until - of.at);
}

export interface Tick {
  at: number;
  /** Since the run began. */
  ms: number;
  /** The length of an idle time that ends here. */
  idle_ms?: number;
}

const steps_ms = [100, 250, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1800e3, 3600e3, 7200e3];
const closest = 0.14;

/** Round times along the scale, and every compressed stretch; none so close that texts would touch. */
export function ticksOf({ segments, at }: Scale): Tick[] {
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last) return [];
  const idle: Tick[] = segments
    .filter((segment) => segment.idle)
    .map((segment) => ({
      at: (segment.at + segment.until) / 2,
      ms: segment.to_ms - first.from_ms,
      idle_ms: segment.to_ms - segment.from_ms,
    }));
  const kept: Tick[] = [];
  for (const tick of idle) if (tick.at - (kept.at(-1)?.at ?? -1) >= closest) kept.push(tick);
  const active_ms = segments.reduce((sum, one) => sum + (one.idle ? 0 : one.to_ms - one.from_ms), 0);
  const step_ms = steps_ms.find((ms) => active_ms / ms <= 5) ?? Math.ceil(active_ms / 5 / 3600e3) * 3600e3;
  for (const segment of segments) {
    if (segment.idle) continue;
    const begin = Math.ceil((segment.from_ms - first.from_ms) / step_ms) * step_ms;
    for (let ms = begin; ms <= segment.to_ms - first.from_ms; ms += step_ms) {
      const place = at(first.from_ms + ms);
      if (kept.every((other) => Math.abs(other.at - place) >= closest)) kept.push({ at: place, ms });
    }
  }
  return kept.sort((a, b) => a.at - b.at);
}

export interface CostLine {
  /** What it is the line of. */
  name: string;
  control_id: string;
  /** What the run may cost, in nano-dollars, before this limit is reached; below zero: it was over before the run began. */
  at: number;
}

/**
 * The row that broke the line: the first one after which the run would have cost more, counting what a refused step
 * asked for. Null: none did, and none can that was over before.
 */
export function crossingOf(
  rows: readonly Row<Spanned>[],
  line: CostLine,
  asked: (step_id: string, control_id: string) => number,
): number | null {
  if (line.at < 0) return null;
  const found = rows.findIndex(
    (row) => row.kind === 'step' && Math.max(row.after, row.before + asked(row.step.id, line.control_id)) > line.at,
  );
  return found < 0 ? null : found;
}

/** How far the cost scale goes: the whole run, and every limit that is not far beyond it; a run without cost, to the first. */
export function costEnd(rows: readonly Row<Spanned>[], lines: readonly CostLine[]): number {
  const total = rows.at(-1)?.after ?? 0;
  const levels = lines.map(({ at }) => at).filter((at) => at > 0);
  const near = total === 0 ? [Math.min(...levels, 1e9)] : levels.filter((at) => at <= total * 2);
  return Math.max(1, total, ...near) * 1.04;
}
