import type { PolicyObject } from '@aos/core/api/policies.ts';
import { present } from '@aos/core/base/assert.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { sentenceOf } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { currentSnapshot, type PolicyRow } from '../store/policies.ts';
import { checkAll } from './policy-facts.ts';

/** A policy as the API shows it. `notes` are warnings about what was just done to it. */
export async function policyObject(
  tx: Tx,
  context: Context,
  row: PolicyRow,
  notes: readonly string[] = [],
): Promise<PolicyObject> {
  const [object] = await policyObjects(tx, context, [row]);
  const { warnings, ...shown } = present(object, 'the object of a policy');
  return { ...shown, warnings: [...notes, ...warnings] };
}

/** Policies as the API shows them, with what speaks against each of them now. */
export async function policyObjects(tx: Tx, context: Context, rows: readonly PolicyRow[]): Promise<PolicyObject[]> {
  const { deps, identity } = context;
  const is_governing = rows.some(({ status }) => status === 'active');
  const in_force = is_governing ? (await currentSnapshot(tx, identity.tenant_id)).snapshot_id : null;
  const documents = rows.map(({ document }) => document);
  const checks = await checkAll(tx, identity.tenant_id, documents, deps.clock.now());
  return rows.map((row, n) => {
    const { refusals, warnings } = present(checks[n], 'the check of a policy');
    return {
      ...row.document,
      ...columnsOf(row),
      sentence: sentenceOf(row.document),
      snapshot_id: row.status === 'active' ? in_force : null,
      warnings: row.status === 'retired' ? [] : [...refusals, ...warnings],
      url: consoleUrl(deps.config.public_url, row.id),
    };
  });
}

function columnsOf(row: PolicyRow): Omit<PolicyRow, 'document'> {
  const { id, status, mode, version, source, created_at, created_by, updated_at } = row;
  const { activated_at, retired_at, retired_reason } = row;
  const lifecycle = { activated_at, retired_at, retired_reason };
  return { id, status, mode, version, source, created_at, created_by, updated_at, ...lifecycle };
}
