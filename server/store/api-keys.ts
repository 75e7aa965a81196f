import type { ApiKey } from '@aos/core/access/api-key.ts';
import type { Role } from '@aos/core/access/permission.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';
import { enterTenant } from './tenants.ts';

/** A key without what it is recognised by. */
export type ApiKeyRow = Omit<ApiKey, 'url'>;

const columns =
  'id, lineage_id, project_id, name, role, hint, agent_ids, actor_ids, created_by, created_at, expires_at, revoked_at, last_used_at, rotated_from';

/** What authentication needs of the key whose hash was presented. */
export interface PresentedKey {
  tenant_id: string;
  tenant_slug: string;
  control_epoch: string;
  id: string;
  lineage_id: string;
  project_id: string | null;
  role: Role;
  hash: string;
  agent_ids: string[];
  actor_ids: string[];
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** Needs a transaction that presents this hash. The key's own row says which tenant it then may read. */
export async function findPresentedKey(tx: Tx, hash: string): Promise<PresentedKey | undefined> {
  const [key] = await tx.query<Omit<PresentedKey, 'tenant_slug' | 'control_epoch'>>(
    `select tenant_id, id, lineage_id, project_id, role, hash, agent_ids, actor_ids, expires_at, revoked_at, last_used_at
      from api_keys where hash = $1`,
    [hash],
    'find_presented_key',
  );
  if (!key) return undefined;
  await enterTenant(tx, key.tenant_id);
  const [tenant] = await tx.query<Pick<PresentedKey, 'tenant_slug' | 'control_epoch'>>(
    'select slug as tenant_slug, control_epoch from tenants where id = $1',
    [key.tenant_id],
    'find_presented_tenant',
  );
  return { ...key, ...present(tenant, 'the tenant of a key') };
}

export async function findApiKey(tx: Tx, id: string): Promise<ApiKeyRow | undefined> {
  const rows = await tx.query<ApiKeyRow>(
    `select ${columns} from api_keys where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return rows[0];
}

export function listApiKeys(
  tx: Tx,
  of: { project_id?: string | undefined },
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const filter = ofTenant().where('project_id = ?', of.project_id);
  return readNewest(tx, { table: 'api_keys', columns, filter }, page);
}

export interface NewApiKey extends Omit<ApiKeyRow, 'last_used_at' | 'revoked_at'> {
  tenant_id: string;
  /** sha256 of the whole key, in hex. */
  hash: string;
}

/** Undefined: a key with this hash is there already, in this tenant or another. */
export async function insertApiKey(tx: Tx, key: NewApiKey): Promise<ApiKeyRow | undefined> {
  const rows = await tx.query<ApiKeyRow>(
    `insert into api_keys (tenant_id, id, lineage_id, project_id, name, role, hash, hint, agent_ids, actor_ids, created_by,
        created_at, expires_at, rotated_from)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
      on conflict (hash) do nothing returning ${columns}`,
    [
      key.tenant_id,
      key.id,
      key.lineage_id,
      key.project_id,
      key.name,
      key.role,
      key.hash,
      key.hint,
      key.agent_ids,
      key.actor_ids,
      key.created_by,
      key.created_at,
      key.expires_at,
      key.rotated_from,
    ],
  );
  return rows[0];
}

/** The key ends at this instant, or when it would have ended anyway if that is sooner. */
export async function expireApiKey(tx: Tx, id: string, at: string): Promise<ApiKeyRow> {
  const rows = await tx.query<ApiKeyRow>(
    `update api_keys set expires_at = least(expires_at, $2::timestamptz)
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [id, at],
  );
  return present(rows[0], 'the key that expires');
}

export async function revokeApiKey(tx: Tx, id: string, at: string): Promise<ApiKeyRow> {
  const rows = await tx.query<ApiKeyRow>(
    `update api_keys set revoked_at = coalesce(revoked_at, $2) where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [id, at],
  );
  return present(rows[0], 'the key that is revoked');
}

export async function bindApiKey(
  tx: Tx,
  id: string,
  to: { agent_ids: string[]; actor_ids: string[] },
): Promise<ApiKeyRow> {
  const rows = await tx.query<ApiKeyRow>(
    `update api_keys set agent_ids = $2, actor_ids = $3 where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [id, to.agent_ids, to.actor_ids],
  );
  return present(rows[0], 'the key that is bound');
}

/** Notes a use, unless a later one is known. */
export async function touchApiKeys(tx: Tx, ids: readonly string[], at: string): Promise<void> {
  await tx.query(
    `update api_keys set last_used_at = $2
      where tenant_id = current_tenant() and id = any($1) and (last_used_at is null or last_used_at < $2)`,
    [ids, at],
  );
}

/** Keys that may do everything in the tenant and are still good after this instant, but for one. */
export async function otherOwnerKeys(tx: Tx, id: string, at: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    `select count(*)::int as n from api_keys where tenant_id = current_tenant() and id <> $1 and role = 'owner'
      and revoked_at is null and (expires_at is null or expires_at > $2)`,
    [id, at],
  );
  return present(rows[0], 'a count').n;
}

/** Keys that this installation made for itself, newest first: at most one of them is good. */
export function installationKeys(tx: Tx, made_by: string): Promise<(ApiKeyRow & { hash: string })[]> {
  return tx.query(
    `select ${columns}, hash from api_keys where tenant_id = current_tenant() and created_by = $1 order by id desc`,
    [made_by],
  );
}
