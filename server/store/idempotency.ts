import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';

interface Claim {
  tenant_id: string;
  /** Of the key that asks: it is one caller before and after a rotation. The column `api_key_id` holds it. */
  lineage_id: string;
  key: string;
}

export interface KnownRequest {
  request_hash: string;
  /** Null: its work is under way. */
  status: number | null;
  response: Json;
  created_at: string;
}

/** Claims the key for this request; undefined when it is claimed now, else what it was claimed for within a day. */
export async function claimOnce(
  tx: Tx,
  claim: Claim & { request_hash: string; created_at: string },
): Promise<KnownRequest | undefined> {
  const claimed = await tx.query(
    `insert into idempotency_keys as i (tenant_id, api_key_id, key, request_hash, created_at) values ($1, $2, $3, $4, $5)
      on conflict (tenant_id, api_key_id, key) do update
        set request_hash = excluded.request_hash, status = null, response = null, created_at = excluded.created_at
        where i.created_at < excluded.created_at - interval '24 hours'
      returning true`,
    [claim.tenant_id, claim.lineage_id, claim.key, claim.request_hash, claim.created_at],
  );
  if (claimed.length > 0) return undefined;
  const rows = await tx.query<KnownRequest>(
    'select request_hash, status, response, created_at from idempotency_keys where tenant_id = $1 and api_key_id = $2 and key = $3',
    [claim.tenant_id, claim.lineage_id, claim.key],
  );
  // Released in the moment between: as good as claimed by whoever released it.
  return rows[0] ?? { request_hash: claim.request_hash, status: null, response: null, created_at: claim.created_at };
}

/** Of a call that this process has in flight; nobody else makes one at the same instant under the same key. */
export interface ClaimInFlight extends Claim {
  instance_id: string;
  created_at: string;
}

/**
 * Claims the key for a call in flight; false when another living process has one under it. Nothing is kept after the
 * call. The claim of a process that died is taken over, and so is one of this process itself: it knows its calls.
 */
export async function claimInFlight(tx: Tx, claim: ClaimInFlight): Promise<boolean> {
  const claimed = await tx.query(
    `insert into idempotency_keys as i (tenant_id, api_key_id, key, request_hash, created_at) values ($1, $2, $3, $4, $5)
      on conflict (tenant_id, api_key_id, key) do update
        set request_hash = excluded.request_hash, created_at = excluded.created_at
        where i.request_hash = excluded.request_hash or not exists (select from instances n
          where n.id = i.request_hash and n.heartbeat_at > clock_timestamp() - interval '15 seconds')
      returning true`,
    [claim.tenant_id, claim.lineage_id, claim.key, claim.instance_id, claim.created_at],
  );
  return claimed.length > 0;
}

/** Gives up this claim; one that was made since, here or elsewhere, stays. */
export async function freeInFlight(tx: Tx, claim: ClaimInFlight): Promise<void> {
  await tx.query(
    `delete from idempotency_keys
      where tenant_id = $1 and api_key_id = $2 and key = $3 and request_hash = $4 and created_at = $5`,
    [claim.tenant_id, claim.lineage_id, claim.key, claim.instance_id, claim.created_at],
  );
}

/** Gives up the claims that a process made before an instant, but for those of its calls in flight. */
export async function freeLeftBehind(
  tx: Tx,
  of: { tenant_id: string; instance_id: string; before: string; except: readonly ClaimInFlight[] },
): Promise<void> {
  await tx.query(
    `delete from idempotency_keys i
      where i.tenant_id = $1 and i.request_hash = $2 and i.created_at < $3 and not exists (
        select from unnest($4::text[], $5::text[]) k(lineage_id, key) where k.lineage_id = i.api_key_id and k.key = i.key)`,
    [
      of.tenant_id,
      of.instance_id,
      of.before,
      of.except.map((call) => call.lineage_id),
      of.except.map(({ key }) => key),
    ],
  );
}

export async function answerOnce(tx: Tx, claim: Claim & { status: number; response: string }): Promise<void> {
  await tx.query(
    `update idempotency_keys set status = $4, response = to_jsonb($5::text)
      where tenant_id = $1 and api_key_id = $2 and key = $3 and status is null`,
    [claim.tenant_id, claim.lineage_id, claim.key, claim.status, claim.response],
  );
}

export async function releaseOnce(tx: Tx, claim: Claim): Promise<void> {
  await tx.query(
    'delete from idempotency_keys where tenant_id = $1 and api_key_id = $2 and key = $3 and status is null',
    [claim.tenant_id, claim.lineage_id, claim.key],
  );
}

/** For the worker: keys of the current tenant that no longer count. */
export async function removeOldClaims(tx: Tx): Promise<void> {
  await tx.query(
    "delete from idempotency_keys where tenant_id = current_tenant() and created_at < clock_timestamp() - interval '25 hours'",
  );
}
