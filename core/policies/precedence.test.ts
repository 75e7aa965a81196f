import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Call, Estimate } from '../activity/call.ts';
import { type Action, actions } from './action.ts';
import { decideAtGate } from './gate.ts';
import { inspect } from './inspect.ts';
import { policy_document, type StoredDocument } from './policy.ts';
import { reserve } from './reserve.ts';
import { indexPolicies, resolve } from './resolve.ts';
import type { ActivePolicy } from './snapshot.ts';

/**
 * Random sets of policies against an evaluator that reads them one after the other, with plain numbers and no index: the
 * whole pure way of a call. `AOS_PROPERTY_RUNS` asks for more of them.
 */
const runs = Number(process.env.AOS_PROPERTY_RUNS ?? 2_000);

const at_ms = Date.UTC(2026, 5, 15, 12);
const call: Call = {
  asker: {
    tenant_id: 'ten_1',
    project: { id: 'prj_1', slug: 'web' },
    api_key: { id: 'key_2', lineage_id: 'key_1' },
    agent: { id: 'agt_1', slug: 'bot' },
    actor: { id: 'act_1', slug: 'ann', kind: 'human' },
    session: null,
    run_id: 'run_1',
  },
  kind: 'llm',
  provider: 'openai',
  model: 'gpt-4o',
  tools: ['search'],
  tags: { team: 'a' },
};
const estimate = (priced: boolean): Estimate => ({
  input_tokens: 60,
  input_bound: 'tokens',
  output_tokens: { wanted: 40, floor: 40 },
  choices: 1,
  tool_results: 2,
  price: priced ? { base_pico: 60_000n, output_pico: 1_000n } : null,
});

/** What the call asks of each type of limit, read off its estimate by hand; money in nano-dollars. */
const asks = { tokens_input: 60, tokens_output: 40, tokens_total: 100, requests: 1, tool_calls: 2, cost_usd: 100 };
const known = { actor: ['act_1', 'ann'], api_key: ['key_1'], agent: ['agt_1', 'bot'], project: ['prj_1', 'web'] };
const everybody = Object.values(known).flat();
const widths = ['actor', 'api_key', 'agent', 'project', 'all_runs'];

const name = fc.constantFrom(...everybody, 'key_2', 'other');
const limit = fc.record({
  type: fc.constantFrom(...(Object.keys(asks) as (keyof typeof asks)[])),
  max: fc.constantFrom(0, 1, 50, 100, 1_000),
  window: fc.constantFrom({ per: 'day', timezone: 'Asia/Tokyo' }, { per: 'hour', timezone: 'UTC' }),
  count_per: fc.constantFrom('together', 'agent', 'session'),
});
const rule = fc.record({
  deny: fc.option(fc.constantFrom('gpt-4o', 'gpt-3*', 'openai/gpt*', 'o1')),
  allow: fc.option(fc.constantFrom('gpt-4o', 'gpt-3*', 'openai/gpt*', 'o1')),
});
const control = fc.record({
  action: fc.constantFrom(...actions),
  limit,
  rule: fc.option(rule),
  posted: fc.constantFrom(0, 1, 50, 900, 1_000),
  pending: fc.constantFrom(0, 1, 40),
});
const policy = fc.record({
  kind: fc.constantFrom(...(Object.keys(known) as (keyof typeof known)[]), 'all_runs' as const),
  ids: fc.array(name, { minLength: 1, maxLength: 2 }),
  except_ids: fc.constantFrom([], [], [], ['bot'], ['other']),
  model: fc.constantFrom(null, null, 'gpt-4o', 'gpt*', 'o1'),
  tool: fc.constantFrom(null, null, null, 'search', 'shell'),
  tag: fc.constantFrom(null, null, 'team', 'team=a', 'team=b'),
  mode: fc.constantFrom('enforce' as const, 'shadow' as const),
  is_over: fc.constantFrom(false, false, false, false, true),
  exempted: fc.constantFrom(null, null, null, 'nobody', 'bot'),
  controls: fc.array(control, { minLength: 1, maxLength: 2 }),
});
type Drawn = typeof policy extends fc.Arbitrary<infer T> ? T : never;
const cases = fc.record({ policies: fc.array(policy, { maxLength: 7 }), priced: fc.boolean() });

const controlId = (n: number, m: number) => `ctl_${n}${m}`;
const usd = (nano: number) => (nano / 1e9).toFixed(9);

function activeOf(of: Drawn, n: number): ActivePolicy {
  const when = {
    ...(of.model && { model: [of.model] }),
    ...(of.tool && { tool: [of.tool] }),
    ...(of.tag && { tag: [of.tag] }),
  };
  const controls = of.controls.map(({ action, limit, rule }) => {
    if (rule && (rule.allow ?? rule.deny) !== null) {
      const params = { ...(rule.allow && { allow: [rule.allow] }), ...(rule.deny && { deny: [rule.deny] }) };
      return { action, rule: { type: 'model_access', params } };
    }
    return { action, limit: { ...limit, max: limit.type === 'cost_usd' ? usd(limit.max) : limit.max } };
  });
  const document = policy_document.parse({
    name: `policy ${n}`,
    target: { kind: of.kind, ids: of.kind === 'all_runs' ? [] : of.ids, except_ids: of.except_ids, when },
    controls,
    ...(of.is_over && { expires_at: '2026-06-15T11:59:59.999Z' }),
  });
  const named = document.controls.map((each, m) => ({ ...each, id: controlId(n, m) }));
  const exemption = {
    id: 'exm',
    kind: 'agent' as const,
    target_id: of.exempted ?? '',
    expires_at: '2027-01-01T00:00:00.000Z',
  };
  return {
    ...{ id: `pol_${n}`, version: 1, mode: of.mode, document: { ...document, controls: named } as StoredDocument },
    ...(of.exempted && { exemptions: [exemption] }),
  };
}

/** What one control says, worked out by hand. */
interface Said {
  id: string;
  width: number;
  headroom: number;
  mode: Drawn['mode'];
  says: Action;
}

function read(policies: readonly Drawn[], priced: boolean) {
  const said: Said[] = [];
  for (const [n, of] of policies.entries()) {
    const named = of.kind === 'all_runs' || of.ids.some((id) => known[of.kind as keyof typeof known].includes(id));
    const kept_out =
      of.is_over ||
      of.exempted === 'bot' ||
      of.except_ids.some((id) => everybody.includes(id)) ||
      of.model === 'o1' ||
      of.tool === 'shell' ||
      of.tag === 'team=b';
    if (!named || kept_out) continue;
    for (const [m, { action, limit, rule, posted, pending }] of of.controls.entries()) {
      const at = { id: controlId(n, m), width: widths.indexOf(of.kind), mode: of.mode };
      const hits = (pattern: string | null) => pattern !== null && ['gpt-4o', 'openai/gpt*'].includes(pattern);
      if (rule && (rule.allow ?? rule.deny) !== null) {
        const fires = hits(rule.deny) || (rule.allow !== null && !hits(rule.allow));
        said.push({ ...at, headroom: 0, says: fires ? action : 'continue' });
      } else if (limit.type === 'cost_usd' && !priced) {
        said.push({ ...at, headroom: 0, says: action });
      } else {
        const left = limit.max - posted - pending - asks[limit.type];
        said.push({ ...at, headroom: limit.max === 0 ? 0 : left / limit.max, says: left < 0 ? action : 'continue' });
      }
    }
  }
  return said;
}

function expectedOf(said: readonly Said[]) {
  const strictest = (mode: Drawn['mode']) =>
    said.filter((of) => of.mode === mode).reduce((most, { says }) => Math.max(most, actions.indexOf(says)), 0);
  const verdict = actions[strictest('enforce')] ?? 'continue';
  return { verdict, shadow_verdict: actions[strictest('shadow')] ?? 'continue' };
}

function decisionOn(policies: readonly ActivePolicy[], drawn: readonly Drawn[], priced: boolean) {
  const matched = resolve(indexPolicies('snp', { policies: [...policies] }), call, at_ms);
  const reservation = reserve(matched, call, estimate(priced), at_ms);
  const seen = reservation.lines.map(({ control }) => {
    const [n = 0, m = 0] = [...control.id.slice(4)].map(Number);
    const of = drawn[n]?.controls[m];
    return { posted: BigInt(of?.posted ?? 0), pending: BigInt(of?.pending ?? 0) };
  });
  return decideAtGate(inspect(matched, call), reservation, seen, 40);
}

test(`${runs} random sets of policies are decided as a naive reader decides them, in whatever order they come`, () => {
  fc.assert(
    fc.property(cases, ({ policies, priced }) => {
      const active = policies.map(activeOf);
      const decision = decisionOn(active, policies, priced);
      const said = read(policies, priced);
      const { verdict, shadow_verdict } = expectedOf(said);
      expect([decision.verdict, decision.shadow_verdict]).toEqual([verdict, shadow_verdict]);
      expect(decision.contributions.map((of) => [of.control_id, of.verdict]).sort()).toEqual(
        said.map(({ id, says }) => [id, says]).sort(),
      );
      const causes = said.filter((of) => of.mode === 'enforce' && of.says === verdict && fired(decision, of.id));
      causes.sort((a, b) => a.width - b.width || a.headroom - b.headroom || (a.id < b.id ? -1 : 1));
      expect(decision.deciding?.control_id ?? null).toBe(causes[0]?.id ?? null);
      const turned = decisionOn([...active].reverse(), policies, priced);
      expect([turned.verdict, turned.contributions]).toEqual([decision.verdict, decision.contributions]);
    }),
    { numRuns: runs },
  );
});

const fired = ({ contributions }: ReturnType<typeof decisionOn>, id: string): boolean =>
  contributions.some((of) => of.control_id === id && of.fired);
