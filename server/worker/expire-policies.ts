import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import { type ExemptionRow, markExpiredExemptions } from '../store/exemptions.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger, type LedgerEntry } from '../store/ledger.ts';
import { exceptionsDue, markExpiredOverrides, type OverrideRow } from '../store/overrides.ts';
import { changePolicy, expiredPolicies, markStarted, startedPolicies } from '../store/policies.ts';
import { forEachTenant, type Job } from './define.ts';

/**
 * Writes down what has happened already: calls are decided by the instants themselves. A policy that has begun is noted,
 * with calls under way looked at again; one whose time has come is disabled, overrides and exemptions are marked. Each
 * leaves a ledger entry.
 */
export const expire_policies: Job = { name: 'expire-policies', every_ms: 5_000, run: forEachTenant(expirePolicies) };

const reason = 'its time has come (expires_at)';
const start_reason = 'its start has come (start_at)';

async function expirePolicies(govern: Govern, tenant_id: string): Promise<void> {
  const { db, clock } = govern;
  const at = instantText(clock.now());
  const { has_begun, is_due, is_over } = await db.tenant(tenant_id, async (tx) => ({
    has_begun: (await startedPolicies(tx, at)).length > 0,
    is_due: (await expiredPolicies(tx, at)).length > 0,
    is_over: await exceptionsDue(tx, at),
  }));
  if (has_begun) await db.tenant(tenant_id, (tx) => noteStarted(govern, tx, tenant_id, at));
  if (is_due) await db.tenant(tenant_id, (tx) => disableExpired(govern, tx, tenant_id, at));
  if (is_over) await db.tenant(tenant_id, (tx) => markExceptions(govern, tx, tenant_id, at));
}

const by = { actor_type: 'system', actor_id: 'aos', api_key_id: null, project_id: null, request_id: null } as const;

/** Read again under the closed gate: of several processes one notes it, and all look at the calls they have under way. */
async function noteStarted({ makeId }: Govern, tx: Tx, tenant_id: string, at: string): Promise<void> {
  await closeGate(tx, tenant_id);
  const started = await startedPolicies(tx, at);
  await markStarted(
    tx,
    started.map(({ id }) => id),
  );
  await appendToLedger(
    tx,
    tenant_id,
    started.map(({ id, version, mode, document }) => ({
      ...by,
      ...{ id: makeId('event'), event: 'POLICY_STARTED', object_type: 'policy', object_id: id },
      ...{ agent_id: null, run_id: null, before: null, reason: start_reason, occurred_at: at },
      after: { version, mode, start_at: document.start_at ?? null },
    })),
  );
}

/** Read again under the closed gate: of several processes one disables. */
async function disableExpired({ makeId }: Govern, tx: Tx, tenant_id: string, at: string): Promise<void> {
  await closeGate(tx, tenant_id);
  for (const policy of await expiredPolicies(tx, at)) {
    const change = { event: 'POLICY_EXPIRED', status: 'disabled', document: policy.document } as const;
    await changePolicy(tx, tenant_id, policy, change, { by, reason, at, makeId });
  }
}

async function markExceptions({ makeId }: Govern, tx: Tx, tenant_id: string, at: string): Promise<void> {
  // What is marked stands in snapshots no more: under the closed gate, so that every process makes the next one.
  await closeGate(tx, tenant_id);
  const overrides = await markExpiredOverrides(tx, at);
  const exemptions = await markExpiredExemptions(tx, at);
  const entry = (of: OverrideRow | ExemptionRow, more: Pick<LedgerEntry, 'event' | 'object_type' | 'object_id'>) => ({
    ...by,
    ...more,
    id: makeId('event'),
    agent_id: null,
    run_id: null,
    before: null,
    after: of as unknown as Json,
    reason,
    occurred_at: at,
  });
  await appendToLedger(tx, tenant_id, [
    ...overrides.map((of) =>
      entry(of, { event: 'LIMIT_OVERRIDE_EXPIRED', object_type: 'limit', object_id: of.control_id }),
    ),
    ...exemptions.map((of) =>
      entry(of, { event: 'POLICY_EXEMPTION_EXPIRED', object_type: 'policy', object_id: of.policy_id }),
    ),
  ]);
}
