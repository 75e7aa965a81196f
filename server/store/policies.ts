import { canonicalText } from '@aos/core/base/canonical.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { IdKind } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { ActiveExemption } from '@aos/core/policies/exemption.ts';
import type { ActiveOverride } from '@aos/core/policies/override.ts';
import type { PolicyMode, PolicyStatus, StoredDocument } from '@aos/core/policies/policy.ts';
import { type ActivePolicy, type SnapshotDocument, snapshotOf } from '@aos/core/policies/snapshot.ts';
import type { Tx } from '../base/database.ts';
import { makeId, sha256Hex } from '../base/deps.ts';
import { openExemptions } from './exemptions.ts';
import { closeGate } from './gate.ts';
import { jsonText } from './json-text.ts';
import { appendToLedger, type LedgerEntry } from './ledger.ts';
import { openOverrides } from './overrides.ts';

export interface PolicyRow {
  id: string;
  status: PolicyStatus;
  mode: PolicyMode;
  version: number;
  source: 'manual' | 'file' | 'learned';
  document: StoredDocument;
  created_at: string;
  created_by: string;
  updated_at: string;
  activated_at: string | null;
  retired_at: string | null;
  retired_reason: string | null;
  /** Of a policy that is kept in a file: how the file calls it, where it comes from, the version it made last. */
  file_slug: string | null;
  file_origin: string | null;
  applied_version: number | null;
}

const policy_columns =
  'id, status, mode, version, source, document, created_at, created_by, updated_at, activated_at, retired_at, retired_reason, file_slug, file_origin, applied_version';

/** Who changes policies, when and why. */
export interface PolicyAct {
  by: Pick<LedgerEntry, 'actor_type' | 'actor_id' | 'api_key_id' | 'project_id' | 'request_id'>;
  reason: string | null;
  at: string;
  makeId: (kind: IdKind) => string;
}

export type PolicyEvent =
  | 'POLICY_CREATED'
  | 'POLICY_UPDATED'
  | 'POLICY_ACTIVATED'
  | 'POLICY_DISABLED'
  | 'POLICY_EXPIRED'
  | 'POLICY_RETIRED';

/** Active policies whose time has come. */
export function expiredPolicies(tx: Tx, at: string): Promise<PolicyRow[]> {
  return tx.query<PolicyRow>(
    `select ${policy_columns} from policies
      where status = 'active' and (document ->> 'expires_at')::timestamptz <= $1 order by id limit 100`,
    [at],
  );
}

/** Active policies that have begun to decide since they were activated, of which nobody has taken note. */
export function startedPolicies(tx: Tx, at: string): Promise<PolicyRow[]> {
  return tx.query<PolicyRow>(
    `select ${policy_columns} from policies
      where status = 'active' and (document ->> 'start_at')::timestamptz > activated_at
        and (document ->> 'start_at')::timestamptz <= $1
        and started_at is distinct from (document ->> 'start_at')::timestamptz order by id limit 100`,
    [at],
  );
}

/** Notes that these policies have begun; they are what they were, and so is their version. */
export async function markStarted(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query(
    `update policies set started_at = (document ->> 'start_at')::timestamptz where tenant_id = current_tenant() and id = any ($1)`,
    [ids],
  );
}

export async function policyById(tx: Tx, id: string): Promise<PolicyRow | undefined> {
  const [row] = await tx.query<PolicyRow>(`select ${policy_columns} from policies where id = $1`, [id]);
  return row;
}

export async function policiesById(tx: Tx, ids: readonly string[]): Promise<Map<string, PolicyRow>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<PolicyRow>(`select ${policy_columns} from policies where id = any ($1)`, [ids]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Writes a draft, its first version and its ledger entry. Drafts are no part of what admission depends on. */
export async function createPolicy(
  tx: Tx,
  tenant_id: string,
  draft: Pick<PolicyRow, 'id' | 'source' | 'document'>,
  act: PolicyAct,
): Promise<PolicyRow> {
  const row: PolicyRow = {
    ...draft,
    status: 'draft',
    mode: draft.document.mode,
    version: 1,
    created_at: act.at,
    created_by: act.by.actor_id,
    updated_at: act.at,
    activated_at: null,
    retired_at: null,
    retired_reason: null,
    file_slug: null,
    file_origin: null,
    applied_version: null,
  };
  await tx.query(
    `insert into policies (tenant_id, ${policy_columns}) select $1, ${policy_columns} from json_populate_record(null::policies, $2)`,
    [tenant_id, jsonText(row)],
  );
  await recordChange(tx, tenant_id, { event: 'POLICY_CREATED', before: null, after: row }, act);
  return row;
}

/** What becomes of a policy; what is left out stays. */
export interface PolicyChange {
  event: Exclude<PolicyEvent, 'POLICY_CREATED'>;
  status: PolicyStatus;
  document: StoredDocument;
}

/** Policies that are kept in files and are not retired. */
export function policiesOfFiles(tx: Tx): Promise<PolicyRow[]> {
  return tx.query<PolicyRow>(
    `select ${policy_columns} from policies where source = 'file' and status <> 'retired' order by id`,
  );
}

/** Notes that a policy is now what its file says. */
export async function markApplied(
  tx: Tx,
  of: { id: string; file_slug: string; file_origin: string | null; version: number },
): Promise<void> {
  await tx.query('update policies set file_slug = $2, file_origin = $3, applied_version = $4 where id = $1', [
    of.id,
    of.file_slug,
    of.file_origin,
    of.version,
  ]);
}

/**
 * Makes the next version of a policy, as it was read before in this transaction. When it is or becomes active the gate
 * is closed first, and a new snapshot is in force when the transaction commits; `several`: the caller changes more
 * policies and makes the snapshot of them all.
 * @throws Problem `conflict` when somebody else changed the policy since it was read.
 */
export async function changePolicy(
  tx: Tx,
  tenant_id: string,
  before: PolicyRow,
  { event, status, document }: PolicyChange,
  act: PolicyAct,
  several = false,
): Promise<PolicyRow> {
  const is_governing = before.status === 'active' || status === 'active';
  if (is_governing) await closeGate(tx, tenant_id);
  const [after] = await tx.query<PolicyRow>(
    `update policies set status = $4, mode = $5, document = $6, version = version + 1, updated_at = $7,
        activated_at = case when $4 = 'active' and status <> 'active' then $7 else activated_at end,
        retired_at = case when $4 = 'retired' then $7::timestamptz end,
        retired_reason = case when $4 = 'retired' then $8 end
      where id = $1 and version = $2 and status = $3
      returning ${policy_columns}`,
    [before.id, before.version, before.status, status, document.mode, jsonText(document), act.at, act.reason],
  );
  if (!after) {
    throw new Problem(
      'conflict',
      `Policy ${before.id} was changed by somebody else just now: version ${before.version} is no longer its latest. Read it again and repeat the change.`,
    );
  }
  await recordChange(tx, tenant_id, { event, before, after }, act);
  if (is_governing && !several) await currentSnapshot(tx, tenant_id);
  return after;
}

interface Recorded {
  event: PolicyEvent;
  before: PolicyRow | null;
  after: PolicyRow;
}

async function recordChange(tx: Tx, tenant_id: string, change: Recorded, act: PolicyAct): Promise<void> {
  const { event, before, after } = change;
  await tx.query(
    `insert into policy_versions (tenant_id, policy_id, version, status, mode, document, author, reason, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      tenant_id,
      after.id,
      after.version,
      after.status,
      after.mode,
      jsonText(after.document),
      act.by.actor_id,
      act.reason,
      act.at,
    ],
  );
  const entry = (of: Pick<LedgerEntry, 'event' | 'object_type' | 'object_id' | 'before' | 'after'>): LedgerEntry => ({
    ...of,
    ...act.by,
    id: act.makeId('event'),
    agent_id: null,
    run_id: null,
    reason: act.reason,
    occurred_at: act.at,
  });
  const whole = { event, object_type: 'policy', object_id: after.id, before: stateOf(before), after: stateOf(after) };
  const adjusted = adjustedLimits(before, after).map((limit) =>
    entry({ ...limit, event: 'LIMIT_ADJUSTED', object_type: 'limit' }),
  );
  await appendToLedger(tx, tenant_id, [entry(whole), ...adjusted]);
}

function stateOf(row: PolicyRow | null): Json {
  return row && asJson({ version: row.version, status: row.status, mode: row.mode, document: row.document });
}

/** Limits whose cap is another than before, by the id of their control. */
function adjustedLimits(before: PolicyRow | null, after: PolicyRow) {
  const known = new Map(before?.document.controls.map((control) => [control.id, control.limit]));
  return after.document.controls.flatMap(({ id, limit }) => {
    const old = known.get(id);
    if (!limit || !old || old.max === limit.max) return [];
    const state = (of: typeof limit, version: number) => asJson({ policy_id: after.id, version, limit: of });
    return [{ object_id: id, before: state(old, after.version - 1), after: state(limit, after.version) }];
  });
}

const asJson = (value: unknown): Json => JSON.parse(jsonText(value)) as Json;

/** Active policies with the exceptions that people made from them. */
export async function activePolicies(tx: Tx): Promise<ActivePolicy[]> {
  const [policies, overrides, exemptions] = await Promise.all([
    tx.query<ActivePolicy>("select id, version, mode, document from policies where status = 'active' order by id"),
    openOverrides(tx),
    openExemptions(tx),
  ]);
  if (overrides.length + exemptions.length === 0) return policies;
  const of = <T extends { policy_id: string }>(all: readonly T[], id: string): Omit<T, 'policy_id'>[] =>
    all.filter((one) => one.policy_id === id).map(({ policy_id: _, ...one }) => one);
  return policies.map((policy) => {
    const [raised, exempt] = [of(overrides, policy.id), of(exemptions, policy.id)];
    const exceptions = {
      ...(raised.length > 0 && { overrides: raised as ActiveOverride[] }),
      ...(exempt.length > 0 && { exemptions: exempt as ActiveExemption[] }),
    };
    return { ...policy, ...exceptions };
  });
}

/**
 * The set of all active policies as it is now, under the id of its content: equal sets have one snapshot. A tenant
 * without active policies has the snapshot of the empty set.
 */
export async function currentSnapshot(
  tx: Tx,
  tenant_id: string,
): Promise<{ snapshot_id: string; document: SnapshotDocument }> {
  const document = snapshotOf(await activePolicies(tx));
  const text = canonicalText(document);
  const hash = sha256Hex(text);
  const known = () => tx.query<{ id: string }>('select id from snapshots where hash = $1', [hash]);
  let [found] = await known();
  if (!found) {
    await tx.query(
      `insert into snapshots (tenant_id, id, hash, document, created_at) values ($1, $2, $3, $4, clock_timestamp())
        on conflict (tenant_id, hash) do nothing`,
      [tenant_id, makeId('snapshot'), hash, text],
    );
    [found] = await known();
  }
  if (!found) throw new Error(`the snapshot ${hash} was neither found nor written`);
  return { snapshot_id: found.id, document };
}
