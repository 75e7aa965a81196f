import { mayDo } from '@aos/core/access/permission.ts';
import type { PolicyObject, policy_endpoints } from '@aos/core/api/policies.ts';
import { Problem } from '@aos/core/base/error.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { identifyControls, replacedWords } from '@aos/core/policies/control-ids.ts';
import { mayBecome, type PolicyStatus, type StoredDocument } from '@aos/core/policies/policy.ts';
import { isEnforced } from '@aos/core/policies/second-person.ts';
import { sentenceOf } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { carryOn } from '../store/carried-balances.ts';
import { holdGate } from '../store/gate.ts';
import {
  changePolicy,
  createPolicy,
  type PolicyAct,
  type PolicyChange,
  type PolicyRow,
  policyById,
} from '../store/policies.ts';
import { controlsEverOf, listPolicies, listVersions } from '../store/policy-lists.ts';
import { found, inTenant, nowText } from './change.ts';
import { refuseUnmatched } from './policy-etag.ts';
import { checkOne } from './policy-facts.ts';
import { withLineages } from './policy-keys.ts';
import { diffVersions, lint } from './policy-lint.ts';
import { policyObject, policyObjects } from './policy-object.ts';
import { visibleProject } from './read.ts';
import { noted, refuseAuthors } from './second-person.ts';

export const policy_handlers: Handlers<typeof policy_endpoints> = {
  createPolicy: ({ body: { source, reason, ...written } }, context) =>
    inTenant(context, async (tx) => {
      const { deps, identity } = context;
      const none = { ever: new Map(), present: [] };
      const { document } = identifyControls(await withLineages(tx, written), none, () => deps.makeId('control'));
      const draft = { id: deps.makeId('policy'), source, document };
      return policyObject(
        tx,
        context,
        await createPolicy(tx, identity.tenant_id, draft, actOf(context, reason ?? null)),
      );
    }),

  listPolicies: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const { items, ...page } = await listPolicies(tx, query, context.deps.clock.now());
      return { items: await policyObjects(tx, context, items), ...page, generated_at: nowText(context) };
    }),

  getPolicy: ({ params }, context) =>
    inTenant(context, async (tx) => policyObject(tx, context, await existing(tx, params.id))),

  updatePolicy: ({ params, body: { reason, version, ...asked } }, context) =>
    changing(context, reason, async (tx) => {
      const before = await beforeChange(tx, context, params.id);
      if (before.status === 'retired') throw illegal(before, 'edited');
      if (before.status === 'active' && !mayDo(context.identity.role, 'activate_policies')) throw notYours(before);
      if (version !== undefined && version !== before.version) throw outdated(before, version);
      const written = { ...asked, mode: asked.mode ?? before.mode };
      const known = { ever: await controlsEverOf(tx, before.id), present: before.document.controls };
      const newId = () => context.deps.makeId('control');
      const identified = identifyControls(await withLineages(tx, written), known, newId);
      const { document } = identified;
      if (before.status === 'active') await refuseHopeless(tx, context, document, 'invalid_body');
      await refuseOwn(tx, context, before, { status: before.status, document });
      const change = { event: 'POLICY_UPDATED', status: before.status, document } as const;
      const after = await changePolicy(tx, context.identity.tenant_id, before, change, actOf(context, reason));
      await carryOn(tx, identified, context.deps.clock.now());
      const notes = replacedWords(identified);
      return policyObject(tx, context, after, notes);
    }),

  listPolicyVersions: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const { items, ...page } = await listVersions(tx, await existing(tx, params.id), query, visibleProject(context));
      const url = consoleUrl(context.deps.config.public_url, params.id);
      const versions = items.map((item) => ({ ...item, sentence: sentenceOf(item.document), url }));
      return { items: versions, ...page, generated_at: nowText(context) };
    }),

  diffPolicyVersions: ({ params, query }, context) =>
    inTenant(context, async (tx) => diffVersions(tx, context, await existing(tx, params.id), query)),

  lintPolicy: ({ body }, context) => inTenant(context, (tx) => lint(tx, context, body)),

  activatePolicy: ({ params, body: { reason, mode, version } }, context) =>
    changing(context, reason, async (tx) => {
      const before = await beforeChange(tx, context, params.id);
      if (version !== undefined && version !== before.version) throw outdated(before, version);
      const document = { ...before.document, mode: mode ?? before.mode };
      if (before.status === 'active' && document.mode === before.mode) return policyObject(tx, context, before);
      if (mayBecome(before.status, 'active')) {
        await refuseHopeless(tx, context, document, 'conflict');
        await refuseOwn(tx, context, before, { status: 'active', document });
      }
      return moved(tx, context, before, { event: 'POLICY_ACTIVATED', status: 'active', document }, reason);
    }),

  disablePolicy: ({ params, body: { reason } }, context) =>
    inTenant(context, async (tx) => {
      const before = await beforeChange(tx, context, params.id);
      const change = { event: 'POLICY_DISABLED', status: 'disabled', document: before.document } as const;
      return moved(tx, context, before, change, reason);
    }),

  retirePolicy: ({ params, body: { reason } }, context) =>
    inTenant(context, async (tx) => {
      const before = await beforeChange(tx, context, params.id);
      const change = { event: 'POLICY_RETIRED', status: 'retired', document: before.document } as const;
      return moved(tx, context, before, change, reason);
    }),
};

/** Changes policies; who tries to put in force what they wrote, where somebody else must, is noted in the ledger. */
const changing = <T>(context: Context, reason: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  noted(context, reason, () => inTenant(context, work));

export function actOf(context: Context, reason: string | null): PolicyAct {
  const { deps, identity, request_id } = context;
  const { api_key, project_id } = identity;
  const actor_type = identity.is_human ? ('human' as const) : ('service' as const);
  const by = { actor_type, actor_id: api_key.id, api_key_id: api_key.id, project_id, request_id };
  return { by, reason, at: nowText(context), makeId: deps.makeId };
}

const existing = async (tx: Tx, id: string): Promise<PolicyRow> =>
  found(await policyById(tx, id), 'policy', '/api/v1/policies');

/** The policy that is to be changed, as it is now. */
async function beforeChange(tx: Tx, context: Context, id: string): Promise<PolicyRow> {
  const before = await existing(tx, id);
  refuseUnmatched(context, before);
  return before;
}

/** One step of the lifecycle, refused when the policy may not take it. */
async function moved(
  tx: Tx,
  context: Context,
  before: PolicyRow,
  change: PolicyChange,
  reason: string,
): Promise<PolicyObject> {
  if (!mayBecome(before.status, change.status)) throw illegal(before, becoming[change.status]);
  return policyObject(
    tx,
    context,
    await changePolicy(tx, context.identity.tenant_id, before, change, actOf(context, reason)),
  );
}

const becoming: Record<PolicyStatus, string> = {
  draft: 'made a draft',
  active: 'activated',
  disabled: 'disabled',
  retired: 'retired',
};

function illegal({ id, status }: PolicyRow, step: string): Problem {
  const why =
    status === 'retired' ? 'retired, which is final: make a new policy instead' : `${status}: activate it first`;
  return new Problem('conflict', `Policy ${id} cannot be ${step}, because it is ${why}.`);
}

export const notYours = ({ id }: Pick<PolicyRow, 'id'>): Problem =>
  new Problem(
    'forbidden',
    `Policy ${id} is active, so editing it takes effect at once and needs the permission activate_policies, which this key does not have. Use a key of role admin or owner.`,
  );

const outdated = ({ id, version }: PolicyRow, sent: number): Problem =>
  new Problem(
    'conflict',
    `Policy ${id} is at version ${version} by now, not ${sent}. Read it again and repeat the edit.`,
  );

/** Nobody puts in force alone what they wrote, where a project that it may reach asks for two people. */
async function refuseOwn(
  tx: Tx,
  context: Context,
  before: PolicyRow,
  { status, document }: Pick<PolicyRow, 'status' | 'document'>,
): Promise<void> {
  const after = { status, document, mode: document.mode };
  if (!isEnforced(after)) return;
  // From here on the rules of projects are as they are, so whoever turned one on has seen the last exception from it.
  await holdGate(tx);
  await refuseAuthors(tx, context, [{ before, after }]);
}

/** A policy that could never apply does not become active. */
async function refuseHopeless(
  tx: Tx,
  context: Context,
  document: StoredDocument,
  code: 'invalid_body' | 'conflict',
): Promise<void> {
  const { deps, identity } = context;
  const findings = await checkOne(tx, identity.tenant_id, document, deps.clock.now());
  const refusal = findings.find(({ level }) => level === 'refusal');
  if (refusal !== undefined) throw new Problem(code, `The policy cannot be in force: ${refusal.message}.`);
}
