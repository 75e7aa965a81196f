import type { PolicyObject } from '@aos/core/api/policies.ts';
import { present } from '@aos/core/base/assert.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs } from '@aos/core/base/time.ts';
import type { Other } from '@aos/core/policies/beside.ts';
import { checkPolicy } from '@aos/core/policies/check.ts';
import { isDrifted } from '@aos/core/policies/plan.ts';
import { allowanceOf, sentenceOf } from '@aos/core/policies/sentence.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { openExemptions } from '../store/exemptions.ts';
import { openOverrides } from '../store/overrides.ts';
import { activePolicies, currentSnapshot, type PolicyRow } from '../store/policies.ts';
import { lastChangesOf } from '../store/policy-lists.ts';
import { etagOf } from './policy-etag.ts';
import { factsFor } from './policy-facts.ts';
import { visibleProject } from './read.ts';
import { secondPersons } from './second-person.ts';

/** A policy as the API shows it. `notes` are warnings about what was just done to it. */
export async function policyObject(
  tx: Tx,
  context: Context,
  row: PolicyRow,
  notes: readonly string[] = [],
): Promise<PolicyObject> {
  const [object] = await policyObjects(tx, context, [row], await othersThan(tx, row.id));
  context.setHeader('etag', etagOf(row));
  const { warnings, ...shown } = present(object, 'the object of a policy');
  return { ...shown, warnings: [...notes, ...warnings] };
}

/** Policies in force, without the one with this id. */
async function othersThan(tx: Tx, id: string): Promise<Other[]> {
  const active = await activePolicies(tx);
  return active.filter((of) => of.id !== id).map(asOther);
}

export const asOther = ({ id, mode, document }: ActivePolicy): Other => ({ id, document: { ...document, mode } });

/**
 * Policies as the API shows them, with what speaks against each of them now. `others`: policies they are held against;
 * none for lists, where each would be held against all.
 */
export async function policyObjects(
  tx: Tx,
  context: Context,
  rows: readonly PolicyRow[],
  others: readonly Other[] = [],
): Promise<PolicyObject[]> {
  const { deps, identity } = context;
  const is_governing = rows.some(({ status }) => status === 'active');
  const snapshot_id = is_governing ? (await currentSnapshot(tx, identity.tenant_id)).snapshot_id : null;
  const documents = rows.map(({ document }) => document);
  const facts = await factsFor(tx, identity.tenant_id, documents, deps.clock.now(), others);
  const at_ms = deps.clock.now();
  const [overrides, exemptions, changes, second] = await Promise.all([
    openOverrides(tx),
    openExemptions(tx),
    lastChangesOf(tx, rows, visibleProject(context)),
    secondPersons(tx, context, rows),
  ]);
  const holding = <T extends { policy_id: string; expires_at: string }>(all: T[], { id }: PolicyRow) =>
    all.filter((of) => of.policy_id === id && epochMs(of.expires_at) > at_ms);
  return rows.map((row, n) => {
    const in_force = { overrides: holding(overrides, row), exemptions: holding(exemptions, row) };
    const { refusals, warnings } = checkPolicy(row.document, present(facts[n], 'the facts of a policy'));
    return {
      ...row.document,
      ...columnsOf(row),
      managed_by: managedBy(row),
      sentence: sentenceOf(row.document, in_force),
      allows: row.document.controls.map(allowanceOf),
      updated_by: changes.get(row.id)?.author ?? row.created_by,
      updated_by_name: changes.get(row.id)?.author_name ?? null,
      updated_because: changes.get(row.id)?.reason ?? null,
      second_person: second.get(row.id) ?? null,
      snapshot_id: row.status === 'active' ? snapshot_id : null,
      warnings: row.status === 'retired' ? [] : [...refusals, ...warnings],
      url: consoleUrl(deps.config.public_url, row.id),
    };
  });
}

function columnsOf(row: PolicyRow) {
  const { id, status, mode, version, source, created_at, created_by, updated_at } = row;
  const { activated_at, retired_at, retired_reason } = row;
  const lifecycle = { activated_at, retired_at, retired_reason };
  return { id, status, mode, version, source, created_at, created_by, updated_at, ...lifecycle };
}

/** The file that a policy is kept in, and whether it was changed by hand since; null for all others. */
function managedBy({ file_slug, file_origin, applied_version, version }: PolicyRow): PolicyObject['managed_by'] {
  if (file_slug === null) return null;
  const drifted = isDrifted({ applied_version, version });
  return { slug: file_slug, origin: file_origin, applied_version, drifted };
}
