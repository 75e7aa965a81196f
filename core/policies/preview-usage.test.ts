import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policy_document } from './policy.ts';
import { Preview } from './preview.ts';
import type { RecordedCall } from './replay.ts';
import type { ActivePolicy } from './snapshot.ts';

const at0_ms = Date.parse('2026-03-02T00:00:00Z');
const day_ms = 86_400_000;
const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, '0')}`;

function callOf(n: number, of: { day: number; run: number; cents: number; is_managed?: boolean }): RecordedCall {
  const at_ms = at0_ms + of.day * day_ms + n;
  const cost_nano = BigInt(of.cents) * 10_000_000n;
  const zeros = { cached_input_tokens: 0, cache_write_tokens: 0, cache_write_1h_tokens: 0, reasoning_tokens: 0 };
  return {
    id: id('rec', n),
    call: {
      asker: {
        ...{ tenant_id: 'ten', project: { id: 'prj', slug: 'p' }, api_key: { id: 'key', lineage_id: 'key' } },
        ...{ agent: { id: 'agt', slug: 'bot' }, actor: null, session: null, run_id: id('run', of.run) },
      },
      ...{ kind: 'llm', provider: 'openai', model: 'm', tools: [], tags: {} },
    },
    estimate: {
      ...{ input_tokens: 1, input_bound: 'tokens', output_tokens: { wanted: 0, floor: 0 }, choices: 1 },
      ...{ tool_results: 0, price: { base_pico: cost_nano * 1000n, output_pico: 0n } },
    },
    ...{ admitted_at_ms: at_ms, settled_at_ms: at_ms },
    used: { usage: { input_tokens: 1, output_tokens: 0, ...zeros }, cost_nano, tool_results: 0 },
    ...{ is_managed: of.is_managed ?? false, tools_known: true },
  };
}

function usageOf(limit: object, calls: readonly RecordedCall[], more: object = {}) {
  const controls = [{ id: id('ctl', 0), limit, action: 'block' }];
  const document = policy_document.parse({ name: 'cap', target: { kind: 'all_runs' }, controls, ...more });
  const policy: ActivePolicy = { id: id('pol', 0), version: 1, mode: 'enforce', document: document as never };
  const preview = new Preview(policy, 'UTC');
  for (const call of calls) preview.take(call);
  preview.finish();
  return preview.usage.limits;
}

const per_day = { type: 'cost_usd', window: { per: 'day', timezone: 'UTC' } };

test('what each window used is told by its middle, its nineteen of twenty and its most', () => {
  const calls = Array.from({ length: 20 }, (_, day) => callOf(day, { day, run: day, cents: (day + 1) * 100 }));
  const [used] = usageOf({ ...per_day, max: '5.00' }, calls);
  expect(used).toMatchObject({
    ...{ control: 0, unit: 'usd', windows: 20, stops: true },
    ...{ p50: '10.000000000', p95: '19.000000000', max: '20.000000000', largest_call: '20.000000000' },
  });
  expect(used?.bins).toHaveLength(20);
  expect(used?.bins[0]).toEqual({ from: '0.000000000', to: '1.000000000', windows: 1 });
});

test('what counts only while it is in flight, and a rate, have no windows to tell of', () => {
  const calls = [callOf(0, { day: 0, run: 0, cents: 1 })];
  expect(usageOf({ type: 'concurrency', max: 1 }, calls)).toEqual([]);
  expect(usageOf({ type: 'burn_rate', max: '1.00', window: { rolling_seconds: 300 } }, calls)).toEqual([]);
  expect(usageOf({ type: 'cost_usd', max: '1.00', window: { rolling_seconds: 300 } }, calls)).toMatchObject([
    { windows: 1 },
  ]);
});

test('a policy that starts later is looked at over history as if it had been there', () => {
  const calls = [callOf(0, { day: 0, run: 0, cents: 100 })];
  const limit = { ...per_day, max: '5.00' };
  expect(usageOf(limit, calls, { start_at: '2030-01-01T00:00:00.000Z' })).toEqual(usageOf(limit, calls));
});

const anyCall = fc.record({
  ...{ day: fc.nat(5), run: fc.nat(3), cents: fc.nat(500), is_managed: fc.boolean() },
});

test('it is the same whatever the cap, and every window stands in one stretch', () => {
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 30 }), fc.nat(900), (history, cents) => {
      const calls = history.sort((a, b) => a.day - b.day).map((of, n) => callOf(n, of));
      const [capped] = usageOf({ ...per_day, max: (cents / 100).toFixed(2) }, calls);
      expect(capped).toEqual(usageOf({ ...per_day, max: '1000000' }, calls)[0]);
      const days = new Map<number, number>();
      for (const { day, cents: of_call } of history) days.set(day, (days.get(day) ?? 0) + of_call);
      expect(capped?.windows).toBe(days.size);
      const told = capped?.bins.reduce((sum, bin) => sum + bin.windows, 0);
      expect(told).toBe([...days.values()].some((sum) => sum > 0) ? days.size : 0);
      expect(Number(capped?.max)).toBe(Math.max(0, ...days.values()) / 100);
    }),
  );
});
