import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../activity/call.ts';
import type { Control, StoredControl } from './control.ts';
import { decide } from './decide.ts';
import { derivedDecision, type HeldLine } from './derive.ts';
import { amountOf, reserve } from './reserve.ts';
import { indexPolicies, resolve } from './resolve.ts';
import { type ActivePolicy, snapshotOf } from './snapshot.ts';

const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, '0')}`;
const call: Call = {
  kind: 'llm',
  provider: 'openai',
  model: 'gpt-4o-mini',
  tools: [],
  tags: {},
  asker: {
    tenant_id: id('ten', 1),
    project: { id: id('prj', 1), slug: 'default' },
    api_key: { id: id('key', 1), lineage_id: id('key', 1) },
    agent: { id: id('agt', 1), slug: 'bot' },
    actor: null,
    session: null,
    run_id: id('run', 1),
  },
};
const estimate = {
  input_tokens: 100,
  input_bound: 'bytes' as const,
  output_tokens: { wanted: 50, floor: 50 },
  choices: 1,
  tool_results: 0,
  price: { base_pico: 100_000_000n, output_pico: 2_000_000n },
};
const at_ms = Date.UTC(2026, 10, 22);

const day = { per: 'day' as const, timezone: 'UTC' };
const controls: Control[] = [
  { limit: { type: 'requests', max: 1_000_000, window: day, count_per: 'together' }, action: 'block' },
  { limit: { type: 'cost_usd', max: '100.000000000', window: day, count_per: 'agent' }, action: 'warn' },
  {
    limit: { type: 'tokens_total', max: 1_000_000_000, window: { per: 'run' }, count_per: 'together' },
    action: 'block',
  },
  { rule: { type: 'model_access', params: { deny: ['o1'] } }, action: 'block', message: 'Not this one.' },
];
const policyOf = (
  n: number,
  kind: 'all_runs' | 'agent',
  mode: 'enforce' | 'shadow',
  chosen: Control[],
): ActivePolicy => ({
  id: id('pol', n),
  version: n + 1,
  mode,
  document: {
    name: `policy ${n}`,
    mode,
    target: { kind, ids: kind === 'agent' ? ['bot'] : [], except_ids: [] },
    controls: chosen.map((of, at): StoredControl => ({ ...of, id: id('ctl', n * 10 + at) })),
  },
});

const policies = fc.array(
  fc.tuple(
    fc.constantFrom('all_runs' as const, 'agent' as const),
    fc.constantFrom('enforce' as const, 'shadow' as const),
    fc.subarray(controls, { minLength: 1 }),
  ),
  { maxLength: 6 },
);

describe('the decision of a plain allow, derived from its record', () => {
  test('is the one that was made', () => {
    fc.assert(
      fc.property(
        policies,
        fc.nat(1_000),
        fc.nat(1_000),
        fc.integer({ min: 16, max: 50 }),
        (made, posted, pending, output_bound) => {
          const snapshot = snapshotOf(made.map(([kind, mode, chosen], n) => policyOf(n, kind, mode, chosen)));
          const matched = resolve(indexPolicies('snp', snapshot), call, at_ms);
          const { lines } = reserve(matched, call, estimate, at_ms);
          const seen = { posted: BigInt(posted), pending: BigInt(pending) };
          const rules = matched
            .filter(({ control }) => control.rule)
            .map((of) => ({ matched: of, finding: { found: false as const } }));
          const decision = decide({
            rules,
            lines: lines.map((line) => ({ line, seen })),
            unmeasurable: [],
            output_bound,
          });
          const held = lines.map(
            (line): HeldLine => ({
              policy_id: line.policy.id,
              control_id: line.control.id,
              type: line.limit.type,
              subject: line.key.subject,
              window_start: new Date(line.key.window_start_ms).toISOString(),
              resets_at: line.resets_at_ms === null ? null : new Date(line.resets_at_ms).toISOString(),
              posted_before: String(seen.posted),
              pending_before: String(seen.pending),
              held: String(amountOf(line, output_bound)),
            }),
          );
          expect(derivedDecision({ snapshot_id: 'snp', snapshot, call, held, at_ms })).toEqual(decision);
        },
      ),
    );
  });

  test('lets a run that had its place go on where the limit had been lowered below the runs in flight', () => {
    const limit = { type: 'concurrency' as const, max: 1, counts: 'runs' as const, count_per: 'together' as const };
    const policy = policyOf(1, 'all_runs', 'enforce', [{ limit, action: 'warn' }]);
    const line = {
      policy_id: policy.id,
      control_id: id('ctl', 10),
      type: 'concurrency',
      subject: '*',
      resets_at: null,
    };
    const amounts = { posted_before: '0', pending_before: '2', held: '0', window_start: new Date(0).toISOString() };
    const of = { snapshot_id: 'snp', snapshot: snapshotOf([policy]), call, at_ms };
    const verdict = (more: { has_place?: true }) =>
      derivedDecision({ ...of, held: [{ ...line, ...amounts, ...more }] }).verdict;
    expect([verdict({}), verdict({ has_place: true })]).toEqual(['warn', 'continue']);
  });

  test('cannot be made of holds under a policy that was not in force', () => {
    const line = { policy_id: id('pol', 9), control_id: id('ctl', 9), type: 'requests', subject: '*', resets_at: null };
    const amounts = { posted_before: '0', pending_before: '0', held: '1', window_start: new Date(at_ms).toISOString() };
    const of = { snapshot_id: 'snp', snapshot: snapshotOf([]), call, held: [{ ...line, ...amounts }], at_ms };
    expect(() => derivedDecision(of)).toThrow('is missing');
  });
});
