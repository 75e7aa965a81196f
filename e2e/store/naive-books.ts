import type { Asker, Call, Estimate } from '@aos/core/activity/call.ts';
import type { Window } from '@aos/core/base/window.ts';
import { count_per } from '@aos/core/policies/limits/define.ts';
import { limit_schema } from '@aos/core/policies/limits/index.ts';
import type { Matched } from '@aos/core/policies/resolve.ts';
import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';

/** Limits, calls at awkward instants, and how much a limit has counted before a call by going through all there were. */

const zones = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Cairo', 'America/Havana'];
const windows = fc.oneof(
  fc.record({ per: fc.constantFrom('run' as const, 'session' as const) }),
  fc.record({
    per: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const, 'month' as const),
    timezone: fc.constantFrom(...zones),
  }),
  fc.record({ rolling_seconds: fc.constantFrom(1, 7, 60, 61, 3_600, 5_000, 86_400, 200_000) }),
);
export const anyLimit = fc.record({
  type: fc.constantFrom('tokens_total' as const, 'tokens_output' as const, 'cost_usd' as const),
  /** In thousands of the unit of the books. */
  cap: fc.integer({ min: 0, max: 12 }),
  window: windows,
  count_per: fc.constantFrom(...count_per.options),
});
export type AnyLimit = typeof anyLimit extends fc.Arbitrary<infer T> ? T : never;

/** Around changes of the clocks in these zones, and the turn of a week, a month and a year in UTC. */
const beginnings = [
  '2026-03-08T06:59:30Z',
  '2026-11-01T05:59:30Z',
  '2026-04-04T14:59:30Z',
  '2026-10-03T15:29:30Z',
  '2026-04-23T21:59:30Z',
  '2026-03-08T04:59:30Z',
  '2026-12-31T23:59:30Z',
  '2026-11-29T23:59:30Z',
].map((text) => Date.parse(text));
export const beginning = fc.constantFrom(...beginnings);

export const anyAsked = fc.record({
  later_ms: fc.constantFrom(0, 1, 999, 29_000, 60_000, 1_800_000, 3_600_000, 86_400_000),
  agent: fc.constantFrom(null, 'agt_1', 'agt_2'),
  actor: fc.constantFrom(null, 'act_1'),
  session: fc.constantFrom(null, 'ses_1', 'ses_2'),
  run_id: fc.constantFrom('run_1', 'run_2', 'run_3'),
  lineage_id: fc.constantFrom('key_1', 'key_2'),
  input_tokens: fc.integer({ min: 0, max: 900 }),
  wanted: fc.integer({ min: 1, max: 600 }),
  choices: fc.integer({ min: 1, max: 3 }),
  /** How much of what it held is used, in percent; null: it stays in flight. */
  used: fc.option(fc.integer({ min: 0, max: 100 }), { freq: 3 }),
});
export type AnyAsked = typeof anyAsked extends fc.Arbitrary<infer T> ? T : never;

const named = (id: string | null) => id && { id, slug: id };

export function callOf(of: AnyAsked, tenant_id: string): Call {
  const actor = named(of.actor);
  const asker: Asker = {
    tenant_id,
    project: { id: 'prj_1', slug: 'p' },
    api_key: { id: 'key_9', lineage_id: of.lineage_id },
    agent: named(of.agent) || null,
    actor: actor ? { ...actor, kind: 'human' } : null,
    session: named(of.session) || null,
    run_id: of.run_id,
  };
  return { asker, kind: 'llm', provider: 'mock', model: 'm', tools: [], tags: {} };
}

export const estimateOf = ({ input_tokens, wanted, choices }: AnyAsked): Estimate => ({
  input_tokens,
  input_bound: 'bytes',
  output_tokens: { wanted, floor: Math.min(16, wanted) },
  choices,
  tool_results: 0,
  price: { base_pico: BigInt(input_tokens) * 1_100n, output_pico: 2_900n },
});

export function matchedBy(of: AnyLimit, control_id: string): Matched {
  const { type, window, count_per } = of;
  const max = type === 'cost_usd' ? (of.cap / 1e6).toFixed(9) : of.cap * 1_000;
  const control = {
    id: control_id,
    action: 'block' as const,
    limit: limit_schema.parse({ type, max, window, count_per }),
  };
  const target = { kind: 'all_runs' as const, ids: [], except_ids: [] };
  const document = { name: 'x', target, mode: 'enforce' as const, controls: [control] };
  return { policy: { id: 'pol_1', version: 1, mode: 'enforce', document }, control };
}

/** A call that was let in, and what it counts of a limit: all it holds, or what it used. */
export interface Counted {
  of: AnyAsked;
  at_ms: number;
  control_id: string;
  amount: bigint;
}

/** Whether two calls count together: in what the limit keeps apart, and in the run or session it spans. */
export function areTogether({ count_per, window }: AnyLimit, a: AnyAsked, b: AnyAsked): boolean {
  const idOf = (asked: AnyAsked): Record<string, string> => ({
    together: '',
    project: '',
    agent: asked.agent ?? asked.run_id,
    actor: asked.actor ?? asked.run_id,
    session: asked.session ?? asked.run_id,
    run: asked.run_id,
    api_key: asked.lineage_id,
  });
  const spans = 'per' in window && (window.per === 'run' || window.per === 'session') ? window.per : 'together';
  return [count_per, spans].every((kind) => idOf(a)[kind] === idOf(b)[kind]);
}

/**
 * Whether a call still counts at an instant: `surely`, and at most. They differ for rolling windows, which may count a
 * call for one of their 60 buckets, of a second at least, too long, and the bucket that it came in.
 */
export function counts(window: Window, then_ms: number, at_ms: number): { surely: boolean; at_most: boolean } {
  if ('rolling_seconds' in window) {
    const bucket_ms = Math.max(1, Math.ceil(window.rolling_seconds / 60)) * 1_000;
    const age_ms = at_ms - then_ms;
    const most_ms = window.rolling_seconds * 1_000 + 2 * bucket_ms;
    return { surely: age_ms < window.rolling_seconds * 1_000, at_most: age_ms < most_ms };
  }
  const is_same = !('timezone' in window) || nameOf(window, then_ms) === nameOf(window, at_ms);
  return { surely: is_same, at_most: is_same };
}

/** What a person in the zone calls the window: by the calendar, and below a day by the clock with its offset. */
function nameOf(window: Extract<Window, { timezone: string }>, at_ms: number): string {
  const at = Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(window.timezone);
  const day = at.toPlainDate();
  switch (window.per) {
    case 'month':
      return day.toPlainYearMonth().toString();
    case 'week':
      return `${day.yearOfWeek} ${day.weekOfYear}`;
    case 'day':
      return day.toString();
    case 'hour':
      return `${day} ${at.hour} ${at.offset}`;
    default:
      return `${day} ${at.hour} ${at.minute} ${at.offset}`;
  }
}
