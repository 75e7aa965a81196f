import { describe, expect, test } from 'vitest';
import type { Call } from '../../activity/call.ts';
import { categories, severities, termination_reasons } from '../../activity/run.ts';
import { problem_catalog } from '../../base/error.ts';
import { windowKind } from '../../base/window.ts';
import { decide } from '../decide.ts';
import { amountOf, heldOf, reserve } from '../reserve.ts';
import type { Matched } from '../resolve.ts';
import { runs_in_flight } from './concurrency.ts';
import type { LimitOf, LimitType } from './define.ts';
import { limit_schema, limit_types, typeOf } from './index.ts';

const call: Call = {
  asker: {
    tenant_id: 'ten_1',
    project: { id: 'prj_1', slug: 'default' },
    api_key: { id: 'key_2', lineage_id: 'key_1' },
    agent: null,
    actor: null,
    session: null,
    run_id: 'run_1',
  },
  kind: 'llm',
  provider: 'mock',
  model: 'mock-small',
  tools: [],
  tags: {},
};

const matchedBy = (limit: LimitOf): Matched => {
  const control = { id: 'ctl_1', limit, action: 'block' as const };
  const target = { kind: 'all_runs' as const, ids: [], except_ids: [] };
  const document = { name: 'x', target, mode: 'enforce' as const, controls: [control] };
  return { policy: { id: 'pol_1', version: 1, mode: 'enforce', document }, control };
};

/** What the one evaluator says of a call against a balance, without any book. */
function judge({ limit, used, estimate }: LimitType['examples']['under']) {
  const { timed, unmeasurable, ...reserved } = reserve([matchedBy(limit)], call, estimate, 1_800_000_000_000);
  const lines = [...reserved.lines, ...timed.map((of) => of.line)];
  expect(unmeasurable).toEqual([]);
  expect(lines).toHaveLength(1);
  const judged = lines.map((line) => ({ line, seen: { posted: used, pending: 0n } }));
  const decision = decide({ rules: [], lines: judged, unmeasurable, output_bound: estimate.output_tokens.wanted });
  return { decision, line: lines[0] };
}

const every: [string, LimitType][] = [...limit_types, ['concurrency', runs_in_flight]];

describe.each(every)('limit %s', (name, type) => {
  test('is registered under its name, and its examples are documents of its schema', () => {
    expect(type.type).toBe(name);
    for (const { limit } of Object.values(type.examples)) {
      expect(limit.type).toBe(name);
      expect(limit_schema.parse(limit)).toEqual(limit);
      expect(type.schema.parse(limit)).toEqual(limit);
      expect(type.windows).toContain(limit.window ? windowKind(limit.window) : 'now');
    }
  });

  test('takes its amount as a number or as a decimal string, and keeps it the same', () => {
    const { limit } = type.examples.at;
    const number = Number(limit.max);
    const [of_number, of_text] = [number, String(number)].map((max) => type.schema.parse({ ...limit, max }));
    expect(of_text).toEqual(of_number);
    for (const max of ['many', '-1', '1e3', '', ' 1'])
      expect([max, type.schema.safeParse({ ...limit, max }).success]).toEqual([max, false]);
  });

  test('lets a call pass that stays under the cap', () => {
    expect(judge(type.examples.under).decision).toMatchObject({ verdict: 'continue', deciding: null });
  });

  test('lets a call pass that reaches the cap exactly', () => {
    const { decision, line } = judge(type.examples.at);
    expect(decision).toMatchObject({ verdict: 'continue', deciding: null });
    const { limit, used, estimate } = type.examples.at;
    expect(line && used + amountOf(line, estimate.output_tokens.wanted)).toBe(type.cap(limit));
    expect(decision.contributions[0]?.remaining).toBe(type.show(type.cap(limit) - used, limit));
  });

  test('refuses the next unit, with its own code, category and reason in numbers', () => {
    const { decision } = judge(type.examples.over);
    const refusal = type.refusal(type.examples.over.limit);
    expect(decision).toMatchObject({
      verdict: 'block',
      deciding: { type: name, fired: true, ...refusal, unit: type.unit },
    });
    expect(decision.deciding?.reason).toContain(String(type.show(type.examples.over.used, type.examples.over.limit)));
    expect(problem_catalog[refusal.code].status).toSatisfy((status: number) => [402, 403, 429].includes(status));
    expect(categories).toContain(refusal.category);
    expect(severities).toContain(refusal.severity);
    expect(termination_reasons).toContain(refusal.termination);
  });

  test('never asks for less than it posts when the call uses all it may', () => {
    const { limit, estimate } = type.examples.under;
    const { line } = judge(type.examples.under);
    const usage = {
      input_tokens: estimate.input_tokens,
      output_tokens: estimate.output_tokens.wanted * estimate.choices,
      cached_input_tokens: 0,
      cache_write_tokens: 0,
      cache_write_1h_tokens: 0,
      reasoning_tokens: 0,
    };
    const cost_nano = 300_000n;
    const posted = type.post(limit, { usage: usage as never, cost_nano, tool_results: estimate.tool_results });
    expect(line && amountOf(line, estimate.output_tokens.wanted)).toBeGreaterThanOrEqual(posted);
  });

  test('refuses members it does not know, and a cap that is none', () => {
    const { limit } = type.examples.under;
    expect(limit_schema.safeParse({ ...limit, colour: 'red' }).success).toBe(false);
    expect(limit_schema.safeParse({ ...limit, max: -1 }).success).toBe(false);
    expect(limit_schema.safeParse({ ...limit, max: 'much' }).success).toBe(false);
    expect(limit_schema.safeParse({ ...limit, max: undefined }).success).toBe(false);
    expect(limit_schema.safeParse({ ...limit, count_per: 'user' }).success).toBe(false);
  });

  test('counts in amounts that the books can hold', () => {
    for (const max of [1_000_000_000, '1000000000', 1e12, '99999999999']) {
      const { success, data } = limit_schema.safeParse({ ...type.examples.under.limit, max });
      if (success) expect(type.cap(data)).toBeLessThan(2n ** 62n);
    }
  });
});

test('a model without a price is refused under a cost limit, or taken to cost what was declared; never nothing', () => {
  const cost = limit_types.get('cost_usd');
  const example = cost?.examples.under;
  if (!cost || !example) throw new Error('there is no cost limit');
  const estimate = { ...example.estimate, price: null };
  expect(cost.ask(example.limit, estimate)).toBe('price_unknown');
  const declared = limit_schema.parse({
    ...example.limit,
    on_unknown_price: 'estimate',
    declared_price: { input_usd: '1', output_usd: '2' },
  });
  // 100 tokens in at $1 and 100 out at $2 for a million.
  const ask = cost.ask(declared, estimate);
  if (typeof ask === 'string') throw new Error(ask);
  expect(amountOf(ask, 100)).toBe(300_000n);
  const { unmeasurable } = reserve([matchedBy(example.limit)], call, estimate, 0);
  const nothing = { rules: [], lines: [], output_bound: 0 };
  const decision = decide({ ...nothing, unmeasurable });
  expect(decision).toMatchObject({ verdict: 'block', deciding: { code: 'price_unknown', not_evaluated: true } });
  const reasonFor = (unpriced?: 'model' | 'searches') =>
    decide({
      ...nothing,
      unmeasurable: reserve([matchedBy(example.limit)], call, { ...estimate, unpriced }, 0).unmeasurable,
    }).deciding?.reason;
  expect(reasonFor('model')).toMatch(/: its model has no price$/);
  expect(reasonFor('searches')).toMatch(/: its web searches have no maximum \(max_uses, max_tool_calls\)$/);
  expect(reasonFor()).toMatch(/: its price is not known$/);
});

test('runs in flight are counted where the document says so, at steps of every kind, and calls hold nothing of them', () => {
  const limit = limit_schema.parse({ type: 'concurrency', max: 3, counts: 'runs', count_per: 'agent' });
  expect(typeOf(limit)).toBe(runs_in_flight);
  for (const counts of [undefined, 'calls'])
    expect(typeOf(limit_schema.parse({ type: 'concurrency', max: 3, counts }))).toMatchObject({ unit: 'calls' });
  const step = { ...call, kind: 'step' as const };
  const { lines } = reserve([matchedBy(limit)], step, runs_in_flight.examples.at.estimate, 0);
  expect(lines).toMatchObject([{ counts_runs: true, key: { subject: 'run_1', window_start_ms: 0, since_ms: null } }]);
  expect(lines.map((line) => [amountOf(line, 0), heldOf(line, 0)])).toEqual([[1n, 0n]]);
  // Each run is one: counted for each run by itself, it could not reach any limit.
  expect(limit_schema.safeParse({ ...limit, count_per: 'run' }).success).toBe(false);
});
