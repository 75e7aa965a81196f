import type { Call, Estimate } from '@aos/core/activity/call.ts';
import { decide } from '@aos/core/policies/decide.ts';
import { policy_document, type StoredDocument } from '@aos/core/policies/policy.ts';
import { reserve } from '@aos/core/policies/reserve.ts';
import { indexPolicies, resolve } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { makeId } from '@aos/server/base/deps.ts';

/**
 * The pure part of a decision (resolve, reserve, decide) with 10 to 10,000 active policies of one tenant, of which five
 * match the call: one for all runs, one each for its project, key, agent and actor. Prints microseconds.
 */
const sizes = [10, 100, 1_000, 10_000];
const rounds = 20_000;

const named = (slug: string, kind: 'agent' | 'project' | 'actor') => ({ id: makeId(kind), slug });
const call: Call = {
  asker: {
    tenant_id: makeId('tenant'),
    project: named('support', 'project'),
    api_key: { id: makeId('api_key'), lineage_id: makeId('api_key') },
    agent: named('support-bot', 'agent'),
    actor: { ...named('ada', 'actor'), kind: 'human' },
    session: null,
    run_id: makeId('run'),
  },
  kind: 'llm',
  provider: 'openai',
  model: 'gpt-4o-mini',
  tools: [],
  tags: {},
};
const estimate: Estimate = {
  input_tokens: 800,
  input_bound: 'bytes',
  output_tokens: { wanted: 500, floor: 500 },
  choices: 1,
  price: { base_pico: 120_000_000n, output_pico: 600_000n },
};

function policyFor(kind: string, ids: string[]): ActivePolicy {
  const limit = { type: 'cost_usd', max: '50', window: { per: 'day' } };
  const parsed = policy_document.parse({
    name: `cap of ${kind}`,
    target: { kind, ids },
    controls: [{ limit, action: 'block' }],
  });
  const document = {
    ...parsed,
    controls: parsed.controls.map((control) => ({ ...control, id: makeId('control') })),
  } as StoredDocument;
  return { id: makeId('policy'), version: 1, mode: 'enforce', document };
}

const matching = [
  policyFor('all_runs', []),
  policyFor('project', ['support']),
  policyFor('api_key', [call.asker.api_key.lineage_id]),
  policyFor('agent', ['support-bot']),
  policyFor('actor', ['ada']),
];

function decideOnce(index: ReturnType<typeof indexPolicies>, at_ms: number): string {
  const matched = resolve(index, call, at_ms);
  const { lines, unmeasurable } = reserve(matched, call, estimate, at_ms);
  const seen = { posted: 1_000_000_000n, pending: 0n };
  return decide({ rules: [], lines: lines.map((line) => ({ line, seen })), unmeasurable, output_bound: 500 }).verdict;
}

for (const size of sizes) {
  const others = Array.from({ length: size - matching.length }, (_, n) => policyFor('agent', [`agent-${n}`]));
  const index = indexPolicies(makeId('snapshot'), { policies: [...matching, ...others] });
  const at_ms = Date.now();
  for (let n = 0; n < rounds; n++) decideOnce(index, at_ms);
  const times_us: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const begun = performance.now();
    decideOnce(index, at_ms);
    times_us.push((performance.now() - begun) * 1000);
  }
  times_us.sort((a, b) => a - b);
  const at = (part: number) => (times_us[Math.floor(rounds * part)] ?? 0).toFixed(1);
  console.log(JSON.stringify({ policies: size, matching: matching.length, p50_us: at(0.5), p99_us: at(0.99) }));
}
