import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../activity/call.ts';
import { present } from '../base/assert.ts';
import { epochMs } from '../base/time.ts';
import { windowAt } from '../base/window.ts';
import { amongItself, besideOthers, type Other } from './beside.ts';
import { covers, coversModel, modelsOverlap } from './covers.ts';
import { isAmongModels } from './model-names.ts';
import { policy_document } from './policy.ts';
import { amountOf, reserve } from './reserve.ts';
import { indexPolicies, resolve } from './resolve.ts';
import { target } from './target.ts';

const at_ms = epochMs('2026-11-22T12:00:00.000Z');
const all = { kind: 'all_runs' };
const bots = { kind: 'agent', ids: ['bot'] };
const day = { per: 'day' };
const limit = (max: number, more: object = {}) => ({
  limit: { type: 'tokens_total', max, window: day, ...more },
  action: 'block',
});
const models = (params: object, action = 'block') => ({ rule: { type: 'model_access', params }, action });
const policy = (of: object, controls: object[], more: object = {}) =>
  policy_document.parse({ name: 'Mine', target: of, controls, ...more });
const other = (of: object, controls: object[], more: object = {}): Other => ({
  id: 'pol_2',
  document: { ...policy(of, controls, more), name: 'Theirs' },
});
const found = (of: ReturnType<typeof policy>, ...others: Other[]) =>
  besideOthers(of, others, at_ms).map(({ path, message }) => `${path}|${message}`);

describe('a control beside a policy in force', () => {
  test('that says the same for the same calls adds nothing', () => {
    expect(found(policy(bots, [limit(5)]), other(bots, [models({ deny: ['x'] }), limit(5)]))).toEqual([
      'controls[0]|controls[0]: it adds nothing, because policy "Theirs" (pol_2) does the same for the same calls',
    ]);
    expect(found(policy(bots, [{ ...limit(5), action: 'warn' }]), other(bots, [limit(5)]))[0]).toContain(
      'goes further (block)',
    );
    expect(found(policy(bots, [limit(5)]), other(bots, [{ ...limit(5), action: 'warn' }]))).toEqual([]);
  });

  test('that is always reached later can never be reached', () => {
    expect(found(policy(bots, [limit(1), limit(50)]), other(all, [limit(20)]))).toEqual([
      'controls[1]|controls[1]: its limit of 50 per day can never be reached, because policy "Theirs" (pol_2) refuses calls beyond 20 per day',
    ]);
    expect(found(policy(bots, [limit(50, { type: 'tokens_input' })]), other(all, [limit(20)]))).toHaveLength(1);
    expect(found(policy(bots, [limit(50)]), other(all, [limit(20, { window: { per: 'month' } })]))).toHaveLength(1);
    expect(found(policy(bots, [limit(50, { count_per: 'run' })]), other(all, [limit(20)]))).toHaveLength(1);
  });

  test('on calls in flight says nothing of runs in flight', () => {
    const calls = { limit: { type: 'concurrency', max: 9 }, action: 'block' };
    const runs = { limit: { type: 'concurrency', max: 5, counts: 'runs' }, action: 'block' };
    expect(found(policy(bots, [calls]), other(all, [runs]))).toEqual([]);
    expect(found(policy(bots, [{ ...runs, limit: { ...runs.limit, max: 9 } }]), other(all, [runs]))).toHaveLength(1);
  });

  test('with another one that lets through only what it refuses lets nothing pass', () => {
    expect(
      found(policy(bots, [models({ allow: ['gpt-4o'] })]), other(all, [models({ allow: ['claude-*'] })]))[0],
    ).toContain('together with policy "Theirs" (pol_2) it lets no model pass: no model is on both lists');
    expect(
      found(policy(bots, [models({ allow: ['gpt-4o'] })]), other(all, [models({ deny: ['gpt-*'] })]))[0],
    ).toContain('is denied there');
    expect(found(policy(bots, [models({ deny: ['*'] })]), other(all, [models({ allow: ['a', 'b'] })]))[0]).toContain(
      'is denied here',
    );
    expect(
      found(policy(bots, [models({ allow: ['gpt-4o'] })]), other(all, [models({ allow: ['openai/gpt-*'] })])),
    ).toEqual([]);
  });

  test('is left alone where the other policy takes fewer calls, ends sooner, is not obeyed or only reports', () => {
    const mine = policy(bots, [limit(50)]);
    const fine: Other[] = [
      other({ kind: 'agent', ids: ['other'] }, [limit(20)]),
      other({ ...all, except_ids: ['ann'] }, [limit(20)]),
      other({ ...all, when: { model: ['gpt-4o'] } }, [limit(20)]),
      other(all, [limit(20)], { mode: 'shadow' }),
      other(all, [limit(20)], { expires_at: '2030-01-01T00:00:00.000Z' }),
      other(all, [limit(20)], { start_at: '2030-01-01T00:00:00.000Z' }),
      other(all, [{ ...limit(20), action: 'warn' }]),
      other(all, [{ ...limit(20), action: 'pause' }]),
      other(all, [limit(20, { count_per: 'agent' })]),
      other(all, [limit(20, { window: { per: 'run' } })]),
      other(all, [limit(20, { window: { per: 'day', timezone: 'Asia/Tokyo' } })]),
      other(all, [limit(50)]),
    ];
    for (const of of fine) expect(found(mine, of)).toEqual([]);
    expect(found({ ...mine, mode: 'shadow' }, other(all, [limit(20)]))).toEqual([]);
  });
});

test('controls of one policy are held against each other, each pair told once', () => {
  const told = (controls: object[]) => amongItself(policy(all, controls)).map(({ path }) => path);
  expect(told([limit(5), limit(5)])).toEqual(['controls[1]']);
  expect(told([limit(5), limit(9)])).toEqual(['controls[1]']);
  expect(told([models({ allow: ['a'] }), models({ allow: ['b'] })])).toEqual(['controls[1]']);
  expect(told([limit(5), { ...limit(4), action: 'warn' }])).toEqual([]);
});

const plain = ['ga', 'gb', 'gab', 'h', 'p/ga', 'p/gb', 'q/ga', 'g*', 'ga*', 'p/g*', 'p/*', '*'];
const name = fc.constantFrom(...plain, 'GA', 'models/ga', 'P/models/gA', 'p/models/g*', 'models/*', 'p/models/*');
const called = fc.record({
  provider: fc.constantFrom('p', 'q'),
  model: fc.constantFrom('ga', 'gb', 'gab', 'h', 'models/ga', ' Models/GB', 'GAB'),
});
const isModel = (pattern: string, call: { provider: string; model: string }) => isAmongModels([pattern], call);

test('what one pattern covers it takes, and what two patterns both take they overlap in', () => {
  fc.assert(
    fc.property(name, name, called, (a, b, call) => {
      if (coversModel(a, b) && isModel(b, call)) expect(isModel(a, call)).toBe(true);
      if (isModel(a, call) && isModel(b, call)) expect(modelsOverlap(a, b)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

const some = <T>(one: fc.Arbitrary<T>) => fc.option(fc.array(one, { minLength: 1, maxLength: 3 }), { nil: undefined });
const any_target = fc
  .record({
    kind: fc.constantFrom('all_runs' as const, 'agent' as const, 'project' as const),
    names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
    except_ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'ann'), { maxLength: 2 }),
    when: fc.record({ model: some(name), tag: some(fc.constantFrom('t', 't=x', 't=y')) }),
  })
  .map(({ kind, names, ...more }) => target.parse({ kind, ids: kind === 'all_runs' ? [] : names, ...more }));
const named = (of: string) => ({ id: `id-${of}`, slug: of });
type Asked = typeof any_call extends fc.Arbitrary<infer T> ? T : never;
const any_call = fc
  .record({
    agent: fc.option(fc.constantFrom('a', 'b', 'c')),
    project: fc.constantFrom('a', 'b', 'c'),
    run: fc.constantFrom('run_1', 'run_2'),
    call: called,
    tag: fc.constantFrom<Record<string, string>>({}, { t: 'x' }, { t: 'y' }),
    input: fc.integer({ min: 0, max: 40 }),
    output: fc.integer({ min: 1, max: 40 }),
    after_ms: fc.integer({ min: 0, max: 4 * 3_600_000 }),
  })
  .map(({ agent, project, run, call, tag, ...more }) => {
    const asker = {
      tenant_id: 'ten',
      project: named(project),
      api_key: { id: 'key', lineage_id: 'key' },
      agent: agent === null ? null : named(agent),
      actor: null,
      session: null,
      run_id: run,
    };
    const of: Call = { asker, kind: 'llm', ...call, tools: [], tags: tag };
    return { call: of, ...more };
  });

test('a target that covers another one takes every call of it', () => {
  fc.assert(
    fc.property(any_target, any_target, any_call, (wide, narrow, { call }) => {
      fc.pre(covers(wide, narrow));
      const takes = (of: typeof wide) => {
        const document = { ...policy(all, [limit(1)]), target: of } as never;
        return (
          resolve(
            indexPolicies('snp', { policies: [{ id: 'pol', version: 1, mode: 'enforce', document }] }),
            call,
            at_ms,
          ).length > 0
        );
      };
      if (takes(narrow)) expect(takes(wide)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

const any_limit = fc
  .record({
    type: fc.constantFrom('tokens_total', 'tokens_input', 'tokens_output'),
    max: fc.integer({ min: 0, max: 300 }),
    window: fc.constantFrom<object[]>(
      { per: 'run' },
      { per: 'minute' },
      { per: 'hour' },
      { per: 'day' },
      { per: 'day', timezone: 'Asia/Kathmandu' },
      { per: 'week' },
      { per: 'month' },
      { rolling_seconds: 600 },
      { rolling_seconds: 1199 },
      { rolling_seconds: 7200 },
    ),
    count_per: fc.constantFrom('together', 'agent', 'run'),
  })
  .map((of) => ({ limit: of, action: 'block' }));

/** Two targets and two limits, often such that the second takes more calls and allows less. */
const pairs = fc
  .tuple(any_target, any_target, any_limit, any_limit, fc.boolean(), fc.boolean())
  .map(([mine, theirs, a, b, is_wider, is_same]) => ({
    mine,
    theirs: is_wider
      ? { ...mine, when: undefined, except_ids: [], ids: mine.ids.length > 0 ? ['a', 'b', 'c'] : [] }
      : theirs,
    a,
    b: {
      ...b,
      limit: {
        ...b.limit,
        max: Math.floor(b.limit.max / 8),
        ...(is_same && { count_per: a.limit.count_per, window: a.limit.window }),
      },
    },
  }));

const stored = (id: string, of: ReturnType<typeof policy>) => {
  const controls = of.controls.map((control) => ({ ...control, id: `ctl_${id}` }));
  return { id, version: 1, mode: 'enforce' as const, document: { ...of, controls } };
};

/** For each call in turn, which of the two policies it would fire; what passes is posted. */
function firing(mine: ReturnType<typeof policy>, theirs: ReturnType<typeof policy>, calls: Asked[]) {
  const index = indexPolicies('snp', { policies: [stored('a', mine), stored('b', theirs)] });
  const posted: { key: string; start_ms: number; amount: bigint }[] = [];
  let now_ms = at_ms;
  return calls.map(({ call, input, output, after_ms }) => {
    now_ms += after_ms;
    const output_tokens = { wanted: output, floor: output };
    const estimate = {
      input_tokens: input,
      input_bound: 'tokens' as const,
      output_tokens,
      choices: 1,
      tool_results: 0,
      price: null,
    };
    const { lines } = reserve(resolve(index, call, now_ms), call, estimate, now_ms);
    const judged = lines.map((line) => {
      const key = `${line.key.control_id} ${line.key.subject}`;
      const window = line.limit.window && windowAt(line.limit.window, now_ms);
      const { start_ms, since_ms } = window ?? { start_ms: 0, since_ms: null };
      const counts = (of: { start_ms: number }) =>
        since_ms === null ? of.start_ms === start_ms : of.start_ms > since_ms;
      const used = posted.filter((of) => of.key === key && counts(of)).reduce((sum, of) => sum + of.amount, 0n);
      const amount = amountOf(line, output);
      return { id: line.policy.id, key, start_ms, amount, fires: used + amount > line.max };
    });
    const fired = judged.filter((of) => of.fires).map((of) => of.id);
    if (fired.length === 0) posted.push(...judged);
    return fired;
  });
}

test('a limit that is said to be never reached never is, whatever calls come', () => {
  let told = 0;
  fc.assert(
    fc.property(pairs, fc.array(any_call, { maxLength: 30 }), ({ mine, theirs, a, b }, calls) => {
      const document = { ...policy(all, [a]), target: mine };
      const rival = { ...policy(all, [b]), target: theirs };
      const [finding] = besideOthers(document, [{ id: 'pol_b', document: rival }], at_ms);
      if (!finding?.message.includes('can never be reached')) return;
      told++;
      for (const fired of firing(document, rival, calls)) if (fired.includes('a')) expect(fired).toContain('b');
    }),
    { numRuns: 1000 },
  );
  expect(told).toBeGreaterThan(100);
});

test('every finding names a control that is there', () => {
  const [finding] = amongItself(policy(all, [limit(5), limit(5)]));
  expect(present(finding, 'a finding')).toMatchObject({ level: 'warning', path: 'controls[1]' });
});
