import { Problem } from '@aos/core/base/error.ts';
import { issuesOf } from '@aos/core/base/issues.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import { identifyControls } from '@aos/core/policies/control-ids.ts';
import { diffDocuments, type FieldChange } from '@aos/core/policies/diff.ts';
import { type PolicyDocument, policy_document, type StoredDocument } from '@aos/core/policies/policy.ts';
import { sentenceOf } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { activePolicies, type PolicyRow, policyById } from '../store/policies.ts';
import { type KnownVersion, versionsOf } from '../store/policy-lists.ts';
import { namesOfIds } from '../store/policy-names.ts';
import { found } from './change.ts';
import { decidingOn } from './policy-deciding.ts';
import { callersFor, exposureOf } from './policy-exposure.ts';
import { checkOne } from './policy-facts.ts';
import { withLineages } from './policy-keys.ts';
import { asOther } from './policy-object.ts';
import { urlOf } from './read.ts';
import { othersWanted } from './second-person.ts';

/** What is wrong with a document: why it is no policy, why it may not be active, and what would keep it from working. */
export async function lint(
  tx: Tx,
  context: Context,
  { document, policy_id }: { document?: unknown; policy_id?: string | undefined },
) {
  const replaced =
    policy_id === undefined ? null : found(await policyById(tx, policy_id), 'policy', '/api/v1/policies');
  const { success, data, error } = policy_document.safeParse(document);
  if (!success) {
    const issues = issuesOf(error, document, policy_document);
    const findings = issues.map((of) => ({ level: 'error' as const, ...of }));
    return {
      ok: false,
      findings,
      sentence: null,
      changes: [],
      deciding: [],
      deciding_left_off: 0,
      second_person: null,
    };
  }
  const written = identified(await withLineages(tx, data), replaced?.document.controls ?? [], context);
  const { identity, deps } = context;
  const at_ms = deps.clock.now();
  const others = (await activePolicies(tx)).filter(({ id }) => id !== replaced?.id);
  const seen = await callersFor(tx, context, written.target);
  const exposure = await exposureOf(tx, context, written, seen);
  const findings = await checkOne(tx, identity.tenant_id, written, at_ms, others.map(asOther), exposure);
  return {
    ok: findings.every(({ level }) => level === 'warning'),
    findings,
    sentence: sentenceOf(written),
    changes: replaced ? await changesOf(tx, replaced.document, written) : [],
    second_person: await othersWanted(tx, context, { before: replaced, document: written }),
    ...(await decidingOn(tx, context, { written, seen, replaced }, others)),
  };
}

/** With the ids that its controls would have, as far as they are those of stored ones. */
function identified(written: PolicyDocument, stored: readonly StoredControl[], { deps }: Context): StoredDocument {
  const open = new Set(stored.map(({ id }) => id));
  const controls = written.controls.map(({ id, ...control }) =>
    id !== undefined && open.delete(id) ? { ...control, id } : control,
  );
  const known = { ever: new Map(stored.map((of) => [of.id, of])), present: stored };
  return identifyControls({ ...written, controls }, known, () => deps.makeId('control')).document;
}

/** What changed between two versions of a policy: its document, and whether and how it was in force. */
export async function diffVersions(
  tx: Tx,
  context: Context,
  policy: PolicyRow,
  { from, to = policy.version }: { from?: number | undefined; to?: number | undefined },
) {
  const first = from ?? Math.max(1, to - 1);
  const versions = await versionsOf(tx, policy.id, [first, to]);
  const before = versionIn(versions, policy, first);
  const after = versionIn(versions, policy, to);
  return {
    policy_id: policy.id,
    from: first,
    to,
    changes: [...standing(before, after), ...(await changesOf(tx, before.document, after.document))],
    sentence_before: sentenceOf(before.document),
    sentence_after: sentenceOf(after.document),
    author: after.author,
    reason: after.reason,
    url: urlOf(context, policy.id),
  };
}

/** What turns one document into another, with the names of what they name by id. */
async function changesOf(tx: Tx, before: StoredDocument, after: StoredDocument): Promise<FieldChange[]> {
  const ids = [before, after].flatMap(({ target }) => [...target.ids, ...target.except_ids]);
  return diffDocuments(before, after, await namesOfIds(tx, ids));
}

function versionIn(versions: readonly KnownVersion[], policy: PolicyRow, version: number): KnownVersion {
  const row = versions.find((of) => of.version === version);
  if (row) return row;
  const had = `it has had versions 1 to ${policy.version}`;
  throw new Problem(
    'invalid_query',
    `The query cannot be read: policy ${policy.id} has no version ${version}; ${had}.`,
  );
}

function standing(before: KnownVersion, after: KnownVersion): FieldChange[] {
  if (before.status === after.status) return [];
  const words = `Status: ${before.status} becomes ${after.status}`;
  return [{ path: 'status', change: 'changed', before: before.status, after: after.status, words }];
}
