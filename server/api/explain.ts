import type { Identity } from '@aos/core/access/identity.ts';
import { mayDo } from '@aos/core/access/permission.ts';
import type { Call } from '@aos/core/activity/call.ts';
import type { ExplainAsked, Explanation, explain_endpoints } from '@aos/core/api/explain.ts';
import { present } from '@aos/core/base/assert.ts';
import { problem_catalog } from '@aos/core/base/error.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { refuses, stricter } from '@aos/core/policies/action.ts';
import type { Contribution, Decision } from '@aos/core/policies/decide.ts';
import { decisionWords, type Looked, lookedAt, notInForce } from '@aos/core/policies/explain.ts';
import { indexPolicies, type PolicyIndex } from '@aos/core/policies/resolve.ts';
import type { Tx } from '../base/database.ts';
import { estimateJson } from '../govern/estimate.ts';
import { decideSupposed } from '../govern/explain.ts';
import type { Ticket } from '../govern/ticket.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { findApiKey } from '../store/api-keys.ts';
import { snapshotsOf } from '../store/decisions-read.ts';
import { listPolicies } from '../store/policy-lists.ts';
import { knownNames } from '../store/policy-names.ts';
import { found, inTenant } from './change.ts';
import { decidedCall, getDecision } from './decisions.ts';
import { visibleProject } from './read.ts';

export const explain_handlers: Handlers<typeof explain_endpoints> = {
  explain: ({ body }, context) =>
    body.decision_id === undefined
      ? explainSupposed(context, { ...body, model: present(body.model, 'the model of a supposed call') })
      : explainStored(context, body.decision_id),
};

type Asked = ExplainAsked & { model: string };

/** Input tokens of a call of which nothing is said. */
const assumed_tokens = 1000;

async function explainSupposed(context: Context, asked: Asked): Promise<Explanation> {
  const { estimate } = asked;
  const { identity, notes } = await callerOf(context, asked);
  const ticket = await decideSupposed(context.deps, {
    identity,
    claims: {
      agent: asked.agent ?? null,
      actor: asked.actor ?? null,
      session: asked.session ?? null,
      run_id: asked.run_id ?? null,
      project: asked.project ?? null,
      tags: asked.tags ?? {},
      dry_run: true,
    },
    model: asked.provider === undefined ? asked.model : `${asked.provider}/${asked.model}`,
    tools: asked.tools ?? [],
    messages: (asked.messages as Record<string, never>[] | undefined) ?? null,
    input_tokens: estimate?.input_tokens ?? assumed_tokens,
    max_output_tokens: estimate?.max_output_tokens ?? null,
    choices: estimate?.choices ?? 1,
    request_id: context.request_id,
  });
  if (!asked.messages && estimate?.input_tokens === undefined)
    notes.push(`No prompt is given: ${assumed_tokens} input tokens are assumed. Send messages or estimate.`);
  const inactive = await inTenant(context, (tx) => notActive(tx, context.deps.clock.now()));
  notes.push(...(await inTenant(context, (tx) => unseenNotes(tx, asked))));
  return shownTicket(context, ticket, inactive, notes);
}

function shownTicket(context: Context, ticket: Ticket, inactive: Looked[], notes: string[]): Explanation {
  const { control, call, decision, admitted_at_ms } = ticket;
  const looked = lookedAt(control.policies, call, admitted_at_ms, decision.contributions);
  return {
    kind: 'hypothetical',
    decision_id: null,
    policy_snapshot_id: control.policies.snapshot_id,
    decided_at: instantText(admitted_at_ms),
    ...verdictOf(decision),
    summary: decisionWords(decision, 'would be'),
    call: shownCall(call, ticket.new_run === null ? call.asker.run_id : null),
    estimate: estimateJson(ticket.estimate),
    output_bound: refuses(decision.verdict) ? null : ticket.output_bound,
    ...shownPolicies(context, [...looked, ...inactive]),
    notes,
    url: null,
  };
}

async function explainStored(context: Context, id: string): Promise<Explanation> {
  const { tenant_id } = context.identity;
  return inTenant(context, async (tx) => {
    const stored = await getDecision(tx, context, id);
    const snapshots = await snapshotsOf(tx, tenant_id, [stored.policy_snapshot_id]);
    const snapshot = present(snapshots.get(stored.policy_snapshot_id), 'the snapshot of a decision');
    const index: PolicyIndex = indexPolicies(stored.policy_snapshot_id, snapshot);
    const call = await decidedCall(tx, stored);
    const contributions = stored.contributions as Contribution[];
    const spoke = (of: Contribution) => of.fired && of.mode === 'enforce' && of.verdict === stored.verdict;
    const decision: Decision = {
      verdict: stored.verdict,
      shadow_verdict: strictestShadow(contributions),
      fired: contributions.some((of) => of.fired),
      deciding: contributions.find(spoke) ?? null,
      contributions,
    };
    const looked = lookedAt(index, call, epochMs(stored.decided_at), decision.contributions);
    return {
      kind: 'stored',
      decision_id: stored.id,
      policy_snapshot_id: stored.policy_snapshot_id,
      decided_at: stored.decided_at,
      ...verdictOf(decision),
      summary: decisionWords(decision, 'was'),
      call: shownCall(call, stored.run_id),
      estimate: stored.estimate,
      output_bound: null,
      ...shownPolicies(context, looked),
      notes: stored.derived
        ? ['A plain allow: its reasons are derived from the record of its call by the same code.']
        : [],
      url: stored.url,
    };
  });
}

function verdictOf(decision: Decision) {
  const { verdict, shadow_verdict, deciding } = decision;
  const code = deciding?.code ?? null;
  const status = refuses(verdict) || verdict === 'pause' ? problem_catalog[code ?? 'policy_blocked'].status : 200;
  return { verdict, shadow_verdict, status, code, deciding };
}

const strictestShadow = (contributions: readonly Contribution[]) =>
  contributions.reduce<Decision['verdict']>(
    (strictest, of) => (of.mode === 'shadow' && of.fired ? stricter(strictest, of.verdict) : strictest),
    'continue',
  );

const shownCall = ({ asker, provider, model, tools, tags }: Call, run_id: string | null): Explanation['call'] => ({
  project: asker.project.slug,
  agent: asker.agent?.slug ?? null,
  actor: asker.actor?.slug ?? null,
  api_key: asker.api_key.id,
  session: asker.session?.slug ?? null,
  run_id,
  provider,
  model,
  tools,
  tags,
});

/** Policies that do not apply and are told of. */
const most_missed = 200;

function shownPolicies({ deps }: Context, looked: readonly Looked[]) {
  const matched = looked.filter((of) => of.matched);
  const missed = looked.filter((of) => !of.matched);
  const policies = [...matched, ...missed.slice(0, most_missed)].map((of) => ({
    ...of,
    url: consoleUrl(deps.config.public_url, of.policy_id),
  }));
  return { policies, policies_left_off: Math.max(0, missed.length - most_missed) };
}

async function notActive(tx: Tx, now_ms: number): Promise<Looked[]> {
  const { items } = await listPolicies(tx, { status: ['draft', 'disabled'], limit: most_missed }, now_ms);
  return items.map((row) => notInForce(row, row.status === 'draft' ? 'draft' : 'disabled'));
}

/** Who would call: the key that asks, or one in its reach. */
async function callerOf(context: Context, { api_key }: Asked): Promise<{ identity: Identity; notes: string[] }> {
  const { identity, deps } = context;
  if (api_key === undefined) return { identity, notes: [] };
  const own = visibleProject(context);
  const key = await inTenant(context, async (tx) => {
    const row = await findApiKey(tx, api_key);
    return found(own === null || row?.project_id === own ? row : undefined, 'key', '/api/v1/api-keys');
  });
  const { id, lineage_id, project_id, role, agent_ids, actor_ids, revoked_at, expires_at } = key;
  const is_over = revoked_at !== null || (expires_at !== null && epochMs(expires_at) <= deps.clock.now());
  const notes = [];
  if (is_over) notes.push(`The key ${id} is revoked or has expired: a real call with it is refused with 401.`);
  if (!mayDo(role, 'call')) notes.push(`The key ${id} has the role ${role}, which may not call models: 403.`);
  return { identity: { ...identity, api_key: { id, lineage_id }, project_id, role, agent_ids, actor_ids }, notes };
}

/** A misspelled name meets no policy, which looks like a pass: it is said. */
async function unseenNotes(tx: Tx, { agent, actor }: Asked): Promise<string[]> {
  const known = await knownNames(
    tx,
    [agent, actor].filter((name) => name !== undefined),
  );
  const unseen = (kind: 'agent' | 'actor', name: string | undefined) =>
    name === undefined || known.some((of) => of.kind === kind && of.name === name)
      ? []
      : [`The ${kind} "${name}" has not been seen yet; its first call registers it.`];
  return [...unseen('agent', agent), ...unseen('actor', actor)];
}
