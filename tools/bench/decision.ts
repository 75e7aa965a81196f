import type { Call, Estimate } from '@aos/core/activity/call.ts';
import { decide } from '@aos/core/policies/decide.ts';
import { policy_document, type StoredDocument } from '@aos/core/policies/policy.ts';
import { reserve } from '@aos/core/policies/reserve.ts';
import { indexPolicies, type PolicyIndex, resolve } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { type Deps, makeId } from '@aos/server/base/deps.ts';
import { alertsOfCall, causeOf } from '@aos/server/govern/alerts.ts';

/**
 * The pure part of a decision (resolve, reserve, decide) with 10 to 10,000 active policies of one tenant, of which five
 * match the call: one for all runs, one each for its project, key, agent and actor. Then what alerts add to it. Prints
 * microseconds.
 */
const sizes = [10, 100, 1_000, 10_000];
const rounds = 20_000;

const deps = { makeId, config: { public_url: 'http://localhost' } } as unknown as Deps;
const decision_id = makeId('decision');

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
  tool_results: 0,
  price: { base_pico: 120_000_000n, output_pico: 600_000n },
};

function policyFor(kind: string, ids: string[]): ActivePolicy {
  const limit = { type: 'cost_usd', max: '50', window: { per: 'day' } };
  const parsed = policy_document.parse({
    name: `cap of ${kind}`,
    target: { kind, ids },
    controls: [{ limit, action: 'block', alerts: { tiers: [50, 70, 90] } }],
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

const usd = 1_000_000_000n;

/** `used` is what has been used of each limit before, of 50 USD. */
function decideOnce(index: PolicyIndex, at_ms: number, used: bigint, with_alerts: boolean): string {
  const matched = resolve(index, call, at_ms);
  const { lines, timed, unmeasurable } = reserve(matched, call, estimate, at_ms);
  const seen = lines.map(() => ({ posted: used, pending: 0n }));
  const held = lines.map((line, n) => ({ line, seen: seen[n] ?? { posted: 0n, pending: 0n } }));
  const { verdict } = decide({ rules: [], lines: held, unmeasurable, output_bound: 500 });
  if (with_alerts) {
    const reached = { lines, seen, timed, output_bound: 500, held: true };
    alertsOfCall(deps, call.asker.tenant_id, reached, causeOf(call, decision_id), at_ms);
  }
  return verdict;
}

/** Of each work, in turn with the others: what the machine does meanwhile concerns them all. */
function timesOf(...works: (() => unknown)[]): { p50_us: number; p99_us: number }[] {
  const times_us = works.map((): number[] => []);
  for (let n = 0; n < 2 * rounds; n++) {
    for (const [of, work] of works.entries()) {
      const begun = performance.now();
      work();
      // The first half warms up.
      if (n >= rounds) times_us[of]?.push((performance.now() - begun) * 1000);
    }
  }
  return times_us.map((times) => {
    times.sort((a, b) => a - b);
    const at = (part: number) => Number((times[Math.floor(rounds * part)] ?? 0).toFixed(2));
    return { p50_us: at(0.5), p99_us: at(0.99) };
  });
}

for (const size of sizes) {
  const others = Array.from({ length: size - matching.length }, (_, n) => policyFor('agent', [`agent-${n}`]));
  const index = indexPolicies(makeId('snapshot'), { policies: [...matching, ...others] });
  const at_ms = Date.now();
  const [times] = timesOf(() => decideOnce(index, at_ms, usd, false));
  console.log(JSON.stringify({ policies: size, matching: matching.length, ...times }));
}

/** What alerts add to a decision: nothing told, as for most calls; and between two tiers, which all that come later are. */
const index = indexPolicies(makeId('snapshot'), { policies: matching });
const at_ms = Date.now();
for (const [where, used] of [
  ['below the lowest tier', usd],
  ['between two tiers', 30n * usd],
] as const) {
  const [off, on] = timesOf(
    () => decideOnce(index, at_ms, used, false),
    () => decideOnce(index, at_ms, used, true),
  );
  const added_p50_us = Number(((on?.p50_us ?? 0) - (off?.p50_us ?? 0)).toFixed(2));
  console.log(JSON.stringify({ alerts: where, off, on, added_p50_us }));
}
