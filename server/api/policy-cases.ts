import type { Call, Estimate } from '@aos/core/activity/call.ts';
import { worstCase } from '@aos/core/activity/price.ts';
import { issuesOf } from '@aos/core/base/issues.ts';
import { nanoOfUsd } from '@aos/core/base/money.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { type NamedControl, type PolicyCase, policy_case, runCase } from '@aos/core/policies/cases.ts';
import { slugOf } from '@aos/core/policies/file.ts';
import { indexPolicies } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { createControls, type TenantControl } from '../govern/control.ts';
import { servedOn } from '../govern/explain.ts';
import type { Context } from '../http/handler.ts';
import { activePolicies } from '../store/policies.ts';
import { inTenant } from './change.ts';
import { type ReadPolicy, readYaml, refused, type Wrong } from './read-files.ts';

/** Cases of a YAML text: a list of them, or one in each document. */
export function readCases(text: string): PolicyCase[] {
  const wrong: Wrong[] = [];
  const cases = readYaml('cases', text, wrong).flatMap(({ value, placeOf }) => {
    const { success, data, error } = policy_case.safeParse(value);
    if (success) return [data];
    wrong.push(...issuesOf(error, value, policy_case).map((of) => ({ place: placeOf(of.path), ...of })));
    return [];
  });
  if (wrong.length > 0) throw refused(wrong, 'The cases are');
  return cases;
}

/** Decides every case over the policies that were sent, all of them taken as in force. */
export async function testPolicies(
  context: Context,
  sent: readonly ReadPolicy[],
  cases: readonly PolicyCase[],
  with_active: boolean,
) {
  const { deps, identity } = context;
  const beside = with_active ? await inTenant(context, activePolicies) : [];
  const files = sent.map(({ file, slug }) => fileAsActive(file, slug));
  const slugs = new Set(sent.map(({ slug }) => slug));
  const policies = [...files, ...beside.filter(({ document }) => !slugs.has(slugOf(document.name)))];
  const index = indexPolicies('', { policies });
  const controls = policies.flatMap(named);
  const control = await createControls(deps).of(identity.tenant_id);
  const results = cases.map((of, n) => {
    const at_ms = of.given.at === undefined ? deps.clock.now() : epochMs(of.given.at);
    const at = { ...supposed(control, of, at_ms), at_ms };
    const { passed, decision, control: by, message } = runCase(index, controls, of, at);
    return {
      name: of.name ?? `case ${n + 1}`,
      passed,
      message,
      decision: decision?.verdict ?? null,
      shadow_decision: decision?.shadow_verdict ?? null,
      control: by,
      code: decision?.deciding?.code ?? null,
      reason: decision?.deciding?.reason ?? null,
      contributions: decision?.contributions ?? [],
    };
  });
  const passed = results.filter((of) => of.passed).length;
  return { passed, failed: results.length - passed, results };
}

/** What is in a file has no ids yet: its place stands for them. */
function fileAsActive({ status: _, ...document }: ReadPolicy['file'], slug: string): ActivePolicy {
  const controls = document.controls.map((control, n) => ({ ...control, id: `${slug}.${n}` }));
  return { id: slug, version: 1, mode: document.mode, document: { ...document, controls } };
}

const named = ({ document }: ActivePolicy): NamedControl[] =>
  document.controls.map(({ id, limit, rule }, n) => ({
    id,
    policy_slug: slugOf(document.name),
    n,
    type: limit?.type ?? rule?.type ?? '',
  }));

/** Output tokens of a caller who names no bound, as far as they can be bounded. */
const unbounded = { wanted: 4096, floor: 16 };

function supposed(control: TenantControl, { given }: PolicyCase, at_ms: number): { call: Call; estimate: Estimate } {
  const { provider, model, priced } = modelOf(control, given);
  const { input_tokens, max_output_tokens: bound, choices, cost_usd } = given;
  const by_book = priced && worstCase(priced.price, input_tokens, no_extras);
  const price = cost_usd === undefined ? by_book : { base_pico: nanoOfUsd(cost_usd) * 1000n, output_pico: 0n };
  return {
    call: callOf(given, provider, model, at_ms),
    estimate: {
      input_tokens,
      input_bound: 'tokens',
      output_tokens: bound === undefined ? unbounded : { wanted: bound, floor: bound },
      choices,
      tool_results: given.tool_results,
      price,
    },
  };
}

const no_extras = { cache_write: false, cache_write_1h: false, audio: false, web_searches: 0 };

/** As a call would find it; what nobody serves is taken as it is named, without a price. */
function modelOf(control: TenantControl, { provider, model }: PolicyCase['given']) {
  const asked = provider === undefined ? model : `${provider}/${model}`;
  const served = servedOn(control, asked);
  if (served) return { provider: served.model.provider.slug, model: served.model.name, priced: served.model.priced };
  const at = asked.indexOf('/');
  const named = at < 0 ? { provider: '', model: asked } : { provider: asked.slice(0, at), model: asked.slice(at + 1) };
  return { ...named, priced: control.prices.find(named.provider, named.model) };
}

/** Its run has just begun, so that limits on run time stand at what the case says. */
function callOf(given: PolicyCase['given'], provider: string, model: string, at_ms: number): Call {
  const subject = (name: string | undefined) => (name === undefined ? null : { id: name, slug: name });
  const actor = subject(given.actor);
  const key = given.api_key ?? '';
  const project = given.project ?? 'default';
  return {
    kind: 'llm',
    provider,
    model,
    tools: given.tools ?? [],
    tags: given.tags ?? {},
    asker: {
      tenant_id: '',
      project: { id: project, slug: project },
      api_key: { id: key, lineage_id: key },
      agent: subject(given.agent),
      actor: actor && { ...actor, kind: 'human' },
      session: subject(given.session),
      run_id: given.run ?? 'run',
      run_begun_ms: at_ms,
    },
  };
}
