import { Problem } from '@aos/core/base/error.ts';
import { issuesOf } from '@aos/core/base/issues.ts';
import { diffDocuments, type FieldChange } from '@aos/core/policies/diff.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { sentenceOf } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { type PolicyRow, policyById } from '../store/policies.ts';
import { type PolicyVersionRow, versionsOf } from '../store/policy-lists.ts';
import { found } from './change.ts';
import { checkOne } from './policy-facts.ts';
import { withLineages } from './policy-keys.ts';
import { othersThan } from './policy-object.ts';
import { urlOf } from './read.ts';

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
    return { ok: false, findings: issues.map((of) => ({ level: 'error' as const, ...of })), sentence: null };
  }
  const written = await withLineages(tx, data);
  const { identity, deps } = context;
  const others = await othersThan(tx, replaced?.id ?? null);
  const findings = await checkOne(tx, identity.tenant_id, written, deps.clock.now(), others);
  return { ok: findings.every(({ level }) => level === 'warning'), findings, sentence: sentenceOf(written) };
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
    changes: [...standing(before, after), ...diffDocuments(before.document, after.document)],
    sentence_before: sentenceOf(before.document),
    sentence_after: sentenceOf(after.document),
    author: after.author,
    reason: after.reason,
    url: urlOf(context, policy.id),
  };
}

function versionIn(versions: readonly PolicyVersionRow[], policy: PolicyRow, version: number): PolicyVersionRow {
  const row = versions.find((of) => of.version === version);
  if (row) return row;
  const had = `it has had versions 1 to ${policy.version}`;
  throw new Problem(
    'invalid_query',
    `The query cannot be read: policy ${policy.id} has no version ${version}; ${had}.`,
  );
}

function standing(before: PolicyVersionRow, after: PolicyVersionRow): FieldChange[] {
  if (before.status === after.status) return [];
  const words = `status: "${before.status}" becomes "${after.status}"`;
  return [{ path: 'status', change: 'changed', before: before.status, after: after.status, words }];
}
