import type { Call } from '@aos/core/activity/call.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type Window, windowAt } from '@aos/core/base/window.ts';
import { type Action, actions } from '@aos/core/policies/action.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { Preview } from '@aos/core/policies/preview.ts';
import { type RecordedCall, Replay } from '@aos/core/policies/replay.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Books } from './oracle.ts';

const agents = ['a', 'b', 'c'];
const at0_ms = Date.parse('2026-03-29T00:00:00Z');

const windows: [Window, ...Window[]] = [
  { per: 'day', timezone: 'Europe/Paris' },
  { per: 'hour', timezone: 'UTC' },
  { per: 'run' },
  { rolling_seconds: 120 },
];
const anyWindow = fc.constantFrom(...windows);
const anyLimit = fc.oneof(
  fc.record({
    type: fc.constantFrom('tokens_total', 'tokens_output', 'tokens_input'),
    max: fc.integer({ min: 0, max: 1_500 }),
    window: anyWindow,
    count_per: fc.constantFrom('together', 'agent', 'run'),
  }),
  fc.record({
    type: fc.constant('cost_usd'),
    max: fc.integer({ min: 0, max: 3_000 }).map((nano) => (nano / 1e9).toFixed(9)),
    window: anyWindow,
    count_per: fc.constantFrom('together', 'agent'),
  }),
  fc.record({
    type: fc.constant('steps'),
    max: fc.nat(6),
    window: fc.constantFrom<[Window, Window]>({ per: 'run' }, { per: 'day', timezone: 'UTC' }),
    count_per: fc.constantFrom('together', 'agent'),
  }),
  fc.record({ type: fc.constant('concurrency'), max: fc.nat(3), count_per: fc.constantFrom('together', 'agent') }),
);
type LimitSpec = { type: string; max: number | string; window?: Window; count_per: string };

const anyPolicies = fc.array(
  fc.record({
    agents: fc.oneof(fc.constant(null), fc.subarray(agents, { minLength: 1 })),
    mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'shadow' as const),
    controls: fc.array(fc.record({ limit: anyLimit, action: fc.constantFrom(...actions) }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 4 },
);

const anyHistory = fc.array(
  fc.record({
    after_ms: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 3_600_000 })),
    lasts_ms: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    agent: fc.nat(2),
    run: fc.nat(5),
    is_managed: fc.boolean(),
    input: fc.integer({ min: 1, max: 200 }),
    wanted: fc.integer({ min: 0, max: 200 }),
    exact: fc.boolean(),
    part: fc.integer({ min: 0, max: 110 }),
  }),
  { maxLength: 40 },
);
type Spec = typeof anyPolicies extends fc.Arbitrary<infer T> ? T : never;
type History = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never;

const idOf = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, '0')}`;
const price = { base_pico: 3_000n, output_pico: 7_000n };

function policiesOf(spec: Spec): ActivePolicy[] {
  return spec.map(({ agents: names, mode, controls }, n) => {
    const target = names ? { kind: 'agent', ids: names } : { kind: 'all_runs' };
    const document = policy_document.parse({
      name: `policy ${n}`,
      target,
      controls: controls.map((of, k) => ({ ...of, id: idOf('ctl', n * 10 + k) })),
    });
    return { id: idOf('pol', n), version: 1, mode, document: document as ActivePolicy['document'] };
  });
}

function callsOf(history: History): RecordedCall[] {
  let at_ms = at0_ms;
  return history.map((of, n) => {
    at_ms += of.after_ms;
    const name = agents[of.agent] ?? 'a';
    const call: Call = {
      asker: {
        tenant_id: 'ten',
        project: { id: 'prj', slug: 'default' },
        api_key: { id: 'key', lineage_id: 'key' },
        agent: { id: `agt_${name}`, slug: name },
        actor: null,
        session: null,
        run_id: idOf('run', of.run),
      },
      kind: 'llm',
      provider: 'openai',
      model: 'm',
      tools: [],
      tags: {},
    };
    const output_tokens = { wanted: of.wanted, floor: of.exact ? of.wanted : Math.min(16, of.wanted) };
    const used_output = Math.floor((of.wanted * of.part) / 100);
    const cost_nano = BigInt(of.input) * 3n + BigInt(used_output) * 7n;
    const zeros = { cached_input_tokens: 0, cache_write_tokens: 0, cache_write_1h_tokens: 0, reasoning_tokens: 0 };
    return {
      id: idOf('rec', n),
      call,
      estimate: {
        input_tokens: of.input,
        input_bound: 'tokens',
        output_tokens,
        choices: 1,
        tool_results: 0,
        price: { base_pico: price.base_pico * BigInt(of.input), output_pico: price.output_pico },
      },
      admitted_at_ms: at_ms,
      settled_at_ms: at_ms + of.lasts_ms,
      used: { usage: { input_tokens: of.input, output_tokens: used_output, ...zeros }, cost_nano, tool_results: 0 },
      // A run is carried out here or it is not.
      is_managed: of.run % 2 === 1,
      tools_known: true,
    };
  });
}

/** What a call asks of a limit for an output bound, and what it posts, said again by hand. */
const naive: Record<
  string,
  { asks: (input: number, output: number) => number; posts: (input: number, output: number) => number }
> = {
  tokens_input: { asks: (i) => i, posts: (i) => i },
  tokens_output: { asks: (_, o) => o, posts: (_, o) => o },
  tokens_total: { asks: (i, o) => i + o, posts: (i, o) => i + o },
  cost_usd: { asks: (i, o) => 3 * i + 7 * o, posts: (i, o) => 3 * i + 7 * o },
  steps: { asks: () => 1, posts: () => 1 },
  concurrency: { asks: () => 1, posts: () => 0 },
};

interface Held {
  control: string;
  subject: string;
  start_ms: number;
  held: number;
  posted: number;
  ends_ms: number;
}

/** The whole rule written down once more: every amount is summed anew from all holds that were ever taken. */
function naively(policies: ActivePolicy[], calls: RecordedCall[]): (Action | 'stopped before')[] {
  const holds: Held[] = [];
  const ended = new Set<string>();
  return calls.map((recorded) => {
    const { admitted_at_ms: at_ms, call } = recorded;
    const { run_id, agent } = call.asker;
    if (ended.has(run_id)) return 'stopped before';
    const input = recorded.estimate?.input_tokens ?? 0;
    const { wanted, floor } = recorded.estimate?.output_tokens ?? { wanted: 0, floor: 0 };
    const lines = policies
      .filter(({ document: { target } }) => target.kind === 'all_runs' || target.ids.includes(agent?.slug ?? ''))
      .flatMap(({ document, mode }) => document.controls.map((control) => ({ control, mode })))
      .map(({ control, mode }) => {
        const limit = control.limit as unknown as LimitSpec;
        const parts = [];
        if (limit.count_per === 'agent') parts.push(agent?.id);
        if (limit.count_per === 'run') parts.push(run_id);
        if (limit.window && 'per' in limit.window && limit.window.per === 'run') parts.push(run_id);
        const { window } = limit;
        const { start_ms, since_ms } = window ? windowAt(window, at_ms) : { start_ms: 0, since_ms: null };
        const subject = [...new Set(parts)].join(' ');
        const used = holds
          .filter((of) => of.control === control.id && of.subject === subject)
          .filter((of) => (since_ms === null ? of.start_ms === start_ms : of.start_ms > since_ms))
          .reduce((sum, of) => sum + (of.ends_ms <= at_ms ? of.posted : of.held), 0);
        const max = limit.type === 'cost_usd' ? Math.round(Number(limit.max) * 1e9) : Number(limit.max);
        const enforced = mode === 'enforce' && ['pause', 'block', 'kill'].includes(control.action);
        return { control, mode, limit, subject, start_ms, used, max, enforced };
      });
    const over = (line: (typeof lines)[number], output: number) =>
      line.used + (naive[line.limit.type]?.asks(input, output) ?? 0) > line.max;
    let bound = wanted;
    while (bound >= floor && lines.some((line) => line.enforced && over(line, bound))) bound -= 1;
    const passes = bound >= floor;
    const firing = lines.filter((line) => line.mode === 'enforce' && over(line, passes ? bound : floor));
    const verdict = actions[Math.max(0, ...firing.map(({ control }) => actions.indexOf(control.action)))] ?? 'continue';
    if (passes) {
      for (const line of lines)
        holds.push({
          control: line.control.id,
          subject: line.subject,
          start_ms: line.start_ms,
          held: naive[line.limit.type]?.asks(input, bound) ?? 0,
          posted: naive[line.limit.type]?.posts(input, recorded.used?.usage.output_tokens ?? 0) ?? 0,
          ends_ms: recorded.settled_at_ms,
        });
    } else if (verdict === 'kill' || recorded.is_managed) ended.add(run_id);
    return verdict;
  });
}

const verdicts = (policies: ActivePolicy[], calls: RecordedCall[]) => {
  const replay = new Replay(policies);
  return calls.map((recorded) => {
    const said = replay.take(recorded);
    if (said.kind === 'run_stopped') return 'stopped before';
    return said.kind === 'unmatched' ? 'continue' : said.decision.verdict;
  });
};

describe('a replay', () => {
  test('decides as a naive evaluator that sums up every hold anew, for any policies and any history', () => {
    fc.assert(
      fc.property(anyPolicies, anyHistory, (spec, history) => {
        const [policies, calls] = [policiesOf(spec), callsOf(history)];
        expect(verdicts(policies, calls)).toEqual(naively(policies, calls));
      }),
      { numRuns: 250 },
    );
  });

  test('does not depend on the order of the policies', () => {
    fc.assert(
      fc.property(anyPolicies, anyHistory, (spec, history) => {
        const [policies, calls] = [policiesOf(spec), callsOf(history)];
        expect(verdicts([...policies].reverse(), calls)).toEqual(verdicts(policies, calls));
      }),
      { numRuns: 60 },
    );
  });

  test('takes and settles what the reference of the books takes and settles', () => {
    fc.assert(
      fc.property(fc.nat(3_000), anyHistory, (max, history) => {
        const spec: Spec = [
          {
            agents: null,
            mode: 'enforce',
            controls: [
              {
                limit: { type: 'tokens_total', max, window: { per: 'day', timezone: 'UTC' }, count_per: 'agent' },
                action: 'block',
              },
            ],
          },
        ];
        const calls = callsOf(history).map((of) => ({ ...of, is_managed: false }));
        const books = new Books();
        let open: { ends_ms: number; hold: number; key: string; actual: bigint }[] = [];
        const expected = calls.map((recorded) => {
          const { admitted_at_ms: at_ms, estimate, used, call } = recorded;
          for (const of of open.filter(({ ends_ms }) => ends_ms <= at_ms))
            books.settle(of.hold, new Map([[of.key, of.actual]]));
          open = open.filter(({ ends_ms }) => ends_ms > at_ms);
          const key = `${call.asker.agent?.id} ${instantText(at_ms).slice(0, 10)}`;
          const line = {
            key,
            cap: BigInt(max),
            base: BigInt(estimate?.input_tokens ?? 0),
            rate: 1n,
            scale: 1n,
            enforce: true,
          };
          const { wanted, floor } = estimate?.output_tokens ?? { wanted: 0, floor: 0 };
          const admission = books.admit({ lines: [line], output_bound: wanted, output_min: floor });
          if (!admission.admitted) return null;
          const actual = BigInt((used?.usage.input_tokens ?? 0) + (used?.usage.output_tokens ?? 0));
          open.push({ ends_ms: recorded.settled_at_ms, hold: admission.hold, key, actual });
          return admission.output_bound;
        });
        const replay = new Replay(policiesOf(spec));
        const bounds = calls.map((recorded) => {
          const said = replay.take(recorded);
          return said.kind === 'decided' ? said.output_bound : undefined;
        });
        expect(bounds).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('ends a call by the timer of its run, and later calls of the run do not count', () => {
    const document = policy_document.parse({
      name: 'ten seconds',
      target: { kind: 'all_runs' },
      controls: [{ id: idOf('ctl', 0), limit: { type: 'duration', max: 10 }, action: 'block' }],
    }) as ActivePolicy['document'];
    const history = [
      { after_ms: 0, lasts_ms: 4_000 },
      { after_ms: 5_000, lasts_ms: 60_000 },
      { after_ms: 3_000, lasts_ms: 10 },
      { after_ms: 9_000, lasts_ms: 10 },
    ].map((of) => ({ ...of, agent: 0, run: 0, is_managed: false, input: 1, wanted: 1, exact: true, part: 100 }));
    const begun = `run_${runSuffix}`;
    const calls = callsOf(history).map((of) => ({
      ...of,
      call: { ...of.call, asker: { ...of.call.asker, run_id: begun, run_begun_ms: at0_ms } },
    }));
    const cuts: [string, number][] = [];
    const replay = new Replay([{ id: idOf('pol', 0), version: 1, mode: 'enforce', document }], {
      cut: (recorded, decision, at_ms) => cuts.push([`${recorded.id} ${decision.verdict}`, at_ms - at0_ms]),
    });
    expect(calls.map((of) => replay.take(of).kind)).toEqual(['decided', 'decided', 'decided', 'run_stopped']);
    expect(cuts).toEqual([[`${idOf('rec', 1)} block`, 10_001]]);
  });
});

const runSuffix = '0'.repeat(26);

describe('a preview', () => {
  const policy = (control: object): ActivePolicy => ({
    id: idOf('pol', 0),
    version: 1,
    mode: 'enforce',
    document: policy_document.parse({
      name: 'a preview',
      target: { kind: 'all_runs' },
      controls: [{ id: idOf('ctl', 0), ...control }],
    }) as ActivePolicy['document'],
  });

  test('counts each call once, and its money as made or not made, exactly', () => {
    fc.assert(
      fc.property(anyPolicies, anyHistory, (spec, history) => {
        const [[only], calls] = [policiesOf(spec), callsOf(history)];
        const preview = new Preview({ ...only, mode: 'enforce' } as ActivePolicy, 'UTC');
        let not_made = 0n;
        let stopped = 0;
        for (const recorded of calls) {
          const outcome = preview.take(recorded);
          if (outcome.stopped) not_made += recorded.used?.cost_nano ?? 0n;
          if (outcome.stopped) stopped += 1;
        }
        preview.finish();
        const { calls: by } = preview;
        expect(by.pause + by.block + by.kill + preview.not_counted).toBe(stopped);
        expect(preview.spend_not_made_nano).toBe(not_made);
        expect(preview.days.by_day.reduce((sum, day) => sum + day.calls, 0)).toBe(preview.matched);
        expect(preview.examples.length).toBeLessThanOrEqual(20);
      }),
      { numRuns: 100 },
    );
  });

  test('tells each tier once for each subject and window', () => {
    const limit = { type: 'requests', max: 10, window: { per: 'day', timezone: 'UTC' }, count_per: 'agent' };
    const preview = new Preview(
      policy({ limit, action: 'warn', alerts: { tiers: [50, 90], channels: ['ops'] } }),
      'UTC',
    );
    const history = Array.from({ length: 60 }, (_, n) => ({
      ...{ after_ms: n === 30 ? 86_400_000 : 1_000, lasts_ms: 0, agent: n % 2, run: n % 6 },
      ...{ is_managed: false, input: 1, wanted: 1, exact: true, part: 100 },
    }));
    for (const recorded of callsOf(history)) preview.take(recorded);
    expect(preview.alerts.tiers).toEqual([50, 90, 100].map((percent) => ({ control: 0, percent, alerts: 4 })));
    expect(preview.alerts.channels).toEqual([{ channel: 'ops', alerts: 12 }]);
    expect(preview.calls.warn).toBe(20);
  });

  test('never takes a rule that it cannot ask again for one that found nothing', () => {
    const about = policy({ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'warn' });
    const [control] = about.document.controls;
    about.document.controls = [{ ...control, limit: undefined, rule: { type: 'reads_content', params: {} } } as never];
    const preview = new Preview(about, 'UTC');
    const [recorded] = callsOf([
      { after_ms: 0, lasts_ms: 0, agent: 0, run: 0, is_managed: false, input: 1, wanted: 1, exact: true, part: 100 },
    ]);
    preview.take(recorded as RecordedCall);
    expect(preview.doubts.uncheckable).toBe(1);
  });
});
