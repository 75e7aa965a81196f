import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Asker, Call, Estimate } from '../activity/call.ts';
import { epochMs } from '../base/time.ts';
import type { Window } from '../base/window.ts';
import { count_per as count_pers } from './limits/define.ts';
import { limit_schema } from './limits/index.ts';
import { amountOf, balanceOf, reserve } from './reserve.ts';
import type { Matched } from './resolve.ts';

const bare: Asker = {
  tenant_id: 'ten_1',
  project: { id: 'prj_1', slug: 'default' },
  api_key: { id: 'key_2', lineage_id: 'key_1' },
  agent: null,
  actor: null,
  session: null,
  run_id: 'run_1',
};
const full: Asker = {
  ...bare,
  agent: { id: 'agt_1', slug: 'bot' },
  actor: { id: 'act_1', slug: 'ann', kind: 'human' },
  session: { id: 'ses_1', slug: 'chat' },
};
const at_ms = epochMs('2026-11-22T12:34:56.000Z');
const day: Window = { per: 'day', timezone: 'UTC' };

const subjectOf = (count_per: string, window: Window | undefined, asker: Asker): string =>
  balanceOf(
    'ctl_1',
    limit_schema.parse({ type: 'tokens_total', max: 1, window: window ?? day, count_per }),
    asker,
    at_ms,
  ).key.subject;

describe('the subject of a balance', () => {
  test.each([
    ['together', day, '*'],
    ['project', day, 'prj_1'],
    ['agent', day, 'agt_1'],
    ['api_key', day, 'key_1'],
    ['actor', day, 'act_1'],
    ['session', day, 'ses_1'],
    ['run', day, 'run_1'],
    ['together', { per: 'run' }, 'run_1'],
    ['together', { per: 'session' }, 'ses_1'],
    ['run', { per: 'run' }, 'run_1'],
    ['session', { per: 'session' }, 'ses_1'],
    ['actor', { per: 'run' }, 'act_1 run_1'],
    ['api_key', { per: 'session' }, 'key_1 ses_1'],
    ['together', { rolling_seconds: 60 }, '*'],
    ['agent', { rolling_seconds: 60 }, 'agt_1'],
  ] as const)('counted per %s in %o is %s', (count_per, window, subject) => {
    expect(subjectOf(count_per, window, full)).toBe(subject);
  });

  test.each([
    ['agent', day, 'run_1'],
    ['actor', day, 'run_1'],
    ['session', day, 'run_1'],
    ['together', { per: 'session' }, 'run_1'],
    ['actor', { per: 'run' }, 'run_1'],
    ['actor', { per: 'session' }, 'run_1'],
  ] as const)('is the run when the call has no %s (in %o): never without a limit', (count_per, window, subject) => {
    expect(subjectOf(count_per, window, bare)).toBe(subject);
  });

  test('follows the lineage of a key: a rotated key counts on', () => {
    const rotated = { ...full, api_key: { id: 'key_3', lineage_id: 'key_1' } };
    expect(subjectOf('api_key', day, rotated)).toBe(subjectOf('api_key', day, full));
  });

  test('is the same for two calls only when they share what is counted', () => {
    const asker = fc.record({
      agent: fc.constantFrom(null, { id: 'agt_1', slug: 'a' }, { id: 'agt_2', slug: 'b' }),
      session: fc.constantFrom(null, { id: 'ses_1', slug: 's' }, { id: 'ses_2', slug: 't' }),
      run_id: fc.constantFrom('run_1', 'run_2'),
    });
    const window = fc.constantFrom<Window>(day, { per: 'run' }, { per: 'session' });
    fc.assert(
      fc.property(asker, asker, fc.constantFrom(...count_pers.options), window, (a, b, count_per, of) => {
        const same = subjectOf(count_per, of, { ...full, ...a }) === subjectOf(count_per, of, { ...full, ...b });
        const of_window = 'per' in of ? of.per : '';
        const counts = (kind: string) => count_per === kind || of_window === kind;
        const id = (asked: { id: string } | null, run_id: string) => asked?.id ?? run_id;
        const expected =
          (!counts('agent') || id(a.agent, a.run_id) === id(b.agent, b.run_id)) &&
          (!counts('session') || id(a.session, a.run_id) === id(b.session, b.run_id)) &&
          (!counts('run') || a.run_id === b.run_id);
        expect(same).toBe(expected);
      }),
    );
  });
});

const call: Call = { asker: full, kind: 'llm', provider: 'mock', model: 'mock-small', tools: [], tags: {} };
const estimate: Estimate = {
  input_tokens: 100,
  input_bound: 'bytes',
  output_tokens: { wanted: 50, floor: 16 },
  choices: 2,
  tool_results: 0,
  price: { base_pico: 1_000_001n, output_pico: 1_500n },
};

function matchedBy(
  limit: object | null,
  more: { action?: 'warn' | 'block'; mode?: 'shadow' | 'enforce' } = {},
): Matched {
  const { action = 'block', mode = 'enforce' } = more;
  const what = limit
    ? { limit: limit_schema.parse(limit) }
    : { rule: { type: 'model_access', params: { deny: ['x'] } } };
  const control = { id: 'ctl_1', action, ...what };
  const document = {
    name: 'x',
    target: { kind: 'all_runs' as const, ids: [], except_ids: [] },
    mode,
    controls: [control],
  };
  return { policy: { id: 'pol_1', version: 1, mode, document }, control };
}

describe('a reservation', () => {
  test('has a line for each limit and none for rules', () => {
    const limit = { type: 'tokens_total', max: 1000, window: day };
    const { lines, unmeasurable } = reserve(
      [matchedBy(limit), matchedBy(null), matchedBy(limit)],
      call,
      estimate,
      at_ms,
    );
    expect([lines.length, unmeasurable.length]).toEqual([2, 0]);
    expect(lines[0]?.key).toEqual({
      control_id: 'ctl_1',
      subject: '*',
      window_start_ms: epochMs('2026-11-22T00:00:00.000Z'),
      since_ms: null,
    });
    expect(lines[0]?.resets_at_ms).toBe(epochMs('2026-11-23T00:00:00.000Z'));
  });

  test('caps only what is enforced and refuses; the rest counts and reports', () => {
    const limit = { type: 'tokens_total', max: 1000, window: day };
    const capOf = (more: Parameters<typeof matchedBy>[1]) =>
      reserve([matchedBy(limit, more)], call, estimate, at_ms).lines[0]?.cap;
    expect(capOf({})).toBe(1000n);
    expect(capOf({ action: 'warn' })).toBeNull();
    expect(capOf({ mode: 'shadow' })).toBeNull();
  });

  test('asks for input and the output of every answer, in tokens, in calls and in money rounded up once', () => {
    const asked = (limit: object) => {
      const [line] = reserve([matchedBy(limit)], call, estimate, at_ms).lines;
      return line && amountOf(line, 50);
    };
    expect(asked({ type: 'tokens_input', max: 1, window: day })).toBe(100n);
    expect(asked({ type: 'tokens_output', max: 1, window: day })).toBe(100n);
    expect(asked({ type: 'tokens_total', max: 1, window: day })).toBe(200n);
    expect(asked({ type: 'requests', max: 1, window: day })).toBe(1n);
    expect(asked({ type: 'concurrency', max: 1 })).toBe(1n);
    // 1,000,001 + 2 · 50 · 1,500 pico-USD are 1,150.001 nano-USD.
    expect(asked({ type: 'cost_usd', max: 1, window: day })).toBe(1151n);
  });

  test('a rolling window starts with its bucket and says from when on earlier ones count', () => {
    const [line] = reserve(
      [matchedBy({ type: 'requests', max: 1, window: { rolling_seconds: 600 } })],
      call,
      estimate,
      at_ms,
    ).lines;
    expect(line?.key.window_start_ms).toBe(epochMs('2026-11-22T12:34:50.000Z'));
    expect(line?.key.since_ms).toBe(epochMs('2026-11-22T12:24:46.000Z'));
    expect(line?.resets_at_ms).toBeNull();
  });

  test('more output never asks for less', () => {
    const ask = fc.record({
      base: fc.bigInt(0n, 10n ** 15n),
      rate: fc.bigInt(0n, 10n ** 9n),
      scale: fc.constantFrom(1, 1000),
    });
    fc.assert(
      fc.property(ask, fc.nat(1_000_000), (of, bound) => {
        const amount = amountOf(of, bound);
        expect(amountOf(of, bound + 1)).toBeGreaterThanOrEqual(amount);
        expect(amount * BigInt(of.scale)).toBeGreaterThanOrEqual(of.base + BigInt(bound) * of.rate);
        expect((amount - 1n) * BigInt(of.scale)).toBeLessThan(of.base + BigInt(bound) * of.rate);
      }),
    );
  });
});
