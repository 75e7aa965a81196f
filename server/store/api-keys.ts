import type { ApiKey, key_states } from '@aos/core/access/api-key.ts';
import type { Identity } from '@aos/core/access/identity.ts';
import type { Role } from '@aos/core/access/permission.ts';
import { first_tenant_slug } from '@aos/core/access/tenant.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';
import { patternOf } from './runs-of-text.ts';
import { enterTenant } from './tenants.ts';

/** How the hash of a key begins that stands for a person: no text has it, so nobody can present such a key. */
export const member_hash = 'member:';
const of_a_person = `hash like '${member_hash}%'`;

/** A key without what it is recognised by. */
export type ApiKeyRow = Omit<ApiKey, 'url'>;

const columns =
  'id, lineage_id, project_id, name, role, hint, agent_ids, actor_ids, created_by, created_at, expires_at, revoked_at, last_used_at, last_used_ip, last_used_client, rotated_from';

/** Where a key was used from, and with which program. */
export type KeyUse = Pick<ApiKey, 'last_used_ip' | 'last_used_client'>;

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

const presented =
  'tenant_id, id, lineage_id, project_id, role, hash, agent_ids, actor_ids, expires_at, revoked_at, last_used_at';
type FoundKey = Omit<PresentedKey, 'tenant_slug' | 'control_epoch'>;

/** Needs a transaction that presents this hash. The key's own row says which tenant it then may read. */
export async function findPresentedKey(tx: Tx, hash: string): Promise<PresentedKey | undefined> {
  const [key] = await tx.query<FoundKey>(
    `select ${presented} from api_keys where hash = $1`,
    [hash],
    'find_presented_key',
  );
  if (!key) return undefined;
  await enterTenant(tx, key.tenant_id);
  return withTenant(tx, key);
}

/** A key that something presented stands for; enters its tenant. */
export async function findKeyById(tx: Tx, tenant_id: string, id: string): Promise<PresentedKey | undefined> {
  await enterTenant(tx, tenant_id);
  const [key] = await tx.query<FoundKey>(
    `select ${presented} from api_keys where tenant_id = current_tenant() and id = $1`,
    [id],
    'find_key_by_id',
  );
  return key && withTenant(tx, key);
}

async function withTenant(tx: Tx, key: FoundKey): Promise<PresentedKey> {
  const [tenant] = await tx.query<Pick<PresentedKey, 'tenant_slug' | 'control_epoch'>>(
    'select slug as tenant_slug, control_epoch from tenants where id = $1',
    [key.tenant_id],
    'find_presented_tenant',
  );
  return { ...key, ...present(tenant, 'the tenant of a key') };
}

/** The credential that a key stands for at this instant: itself, or what it was rotated to. Undefined: none is valid. */
export async function identityOfLineage(
  tx: Tx,
  tenant_id: string,
  id: string,
  now_ms: number,
): Promise<Identity | undefined> {
  const [key] = await tx.query<Omit<PresentedKey, 'control_epoch' | 'hash'>>(
    `select k.id, k.lineage_id, k.project_id, k.role, k.agent_ids, k.actor_ids, t.slug as tenant_slug
      from api_keys k join tenants t on t.id = k.tenant_id
      where k.tenant_id = current_tenant() and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
        and k.lineage_id = (select lineage_id from api_keys where tenant_id = current_tenant() and id = $1)
      order by k.id = $1 desc, k.id desc limit 1`,
    [id, instantText(now_ms)],
  );
  if (!key) return undefined;
  const { lineage_id, project_id, role, agent_ids, actor_ids } = key;
  const of_installation = key.tenant_slug === first_tenant_slug;
  return { tenant_id, project_id, api_key: { id: key.id, lineage_id }, role, agent_ids, actor_ids, of_installation };
}

export async function findApiKey(tx: Tx, id: string): Promise<ApiKeyRow | undefined> {
  const rows = await tx.query<ApiKeyRow>(
    `select ${columns} from api_keys where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return rows[0];
}

export interface KeysAsk {
  project_id?: string | undefined;
  /** The only project whose objects the caller may see. */
  own?: string | undefined;
  q?: string | undefined;
  role?: Role[] | undefined;
  state?: (typeof key_states)[number][] | undefined;
  /** As of when a key has expired. */
  at: string;
  /** Keys of programs that may call as any agent. */
  unbound?: true | undefined;
}

const state = "case when revoked_at is not null then 'revoked' when expires_at <= ? then 'expired' else 'live' end";

export function listApiKeys(tx: Tx, of: KeysAsk, page: { limit: number; cursor: string | null }): Promise<Slice> {
  const filter = ofTenant()
    .always(`not (${of_a_person})`)
    .where("concat_ws(' ', id, name, hint) ilike ?", of.q && patternOf(of.q))
    .among('role', of.role)
    .where(`${state} = any(?)`, of.at, of.state)
    .where("(role = 'service' and cardinality(agent_ids) = 0) = ?", of.unbound)
    .where('project_id = ?', of.project_id)
    .where('project_id = ?', of.own);
  return readNewest(tx, { table: 'api_keys', columns, filter }, page);
}

/** Keys in use that are bound to any of these agents, newest first; one that is bound to several stands at each. */
export function keysBoundTo(
  tx: Tx,
  agent_ids: readonly string[],
  at: string,
): Promise<{ agent_id: string; id: string; name: string }[]> {
  return tx.query(
    `select agent_id, k.id, k.name from api_keys k, unnest(k.agent_ids) agent_id
      where k.tenant_id = current_tenant() and k.agent_ids && $1 and agent_id = any($1) and not (${of_a_person})
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
      order by k.id desc`,
    [agent_ids, at],
  );
}

export interface NewApiKey extends Omit<ApiKeyRow, keyof KeyUse | 'last_used_at' | 'revoked_at'> {
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

export type RevokedKey = Pick<ApiKeyRow, 'id' | 'name'> & { revoked_at: string };

/** Which of these keys are revoked. */
export const revokedAmong = (tx: Tx, ids: readonly string[]): Promise<RevokedKey[]> =>
  tx.query<RevokedKey>(
    `select id, name, revoked_at from api_keys
      where tenant_id = current_tenant() and id = any ($1) and revoked_at is not null`,
    [ids],
  );

/** The key that this one was rotated to. */
export async function successorOf(tx: Tx, id: string): Promise<string | undefined> {
  const [next] = await tx.query<{ id: string }>(
    'select id from api_keys where tenant_id = current_tenant() and rotated_from = $1 order by id desc limit 1',
    [id],
  );
  return next?.id;
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

/** The key of a person with another role or name; whether it is good stays as it was. */
export async function changeKey(tx: Tx, id: string, to: { role: Role; name: string }): Promise<void> {
  await tx.query(
    `update api_keys set role = $2, name = $3
      where tenant_id = current_tenant() and id = $1 and ${of_a_person}`,
    [id, to.role, to.name],
  );
}

/** The key of a person who had been disabled is good again. */
export async function reviveKey(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update api_keys set expires_at = null where tenant_id = current_tenant() and id = $1 and ${of_a_person}`,
    [id],
  );
}

export async function isOfPerson(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query(
    `select from api_keys where tenant_id = current_tenant() and id = $1 and ${of_a_person}`,
    [id],
  );
  return rows.length > 0;
}

/** Notes uses by the ids of their keys, unless later ones are known. */
export async function touchApiKeys(tx: Tx, uses: ReadonlyMap<string, KeyUse>, at: string): Promise<void> {
  const all = [...uses.values()];
  await tx.query(
    `update api_keys k set last_used_at = $2, last_used_ip = of.ip, last_used_client = of.client
      from unnest($1::text[], $3::text[], $4::text[]) of(id, ip, client)
      where k.tenant_id = current_tenant() and k.id = of.id and (k.last_used_at is null or k.last_used_at < $2)`,
    [[...uses.keys()], at, all.map((of) => of.last_used_ip), all.map((of) => of.last_used_client)],
  );
}

/** Keys that may do everything in the tenant and are still good after this instant, but for one; of people those who can sign in. */
export async function otherOwnerKeys(tx: Tx, id: string, at: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    `select count(*)::int as n from api_keys where tenant_id = current_tenant() and id <> $1 and role = 'owner'
      and revoked_at is null and (expires_at is null or expires_at > $2)
      and (not (${of_a_person}) or exists (select from members m
        where m.tenant_id = api_keys.tenant_id and m.api_key_id = api_keys.id and m.status = 'active'))`,
    [id, at],
  );
  return present(rows[0], 'a count').n;
}

/** Keys that this installation made for itself, and those they were rotated to by whomever, newest first. */
export function installationKeys(tx: Tx, made_by: string): Promise<(ApiKeyRow & { hash: string })[]> {
  return tx.query(
    `select ${columns}, hash from api_keys where tenant_id = current_tenant() and lineage_id in
      (select lineage_id from api_keys where tenant_id = current_tenant() and created_by = $1) order by id desc`,
    [made_by],
  );
}

/** What people call the key or the person behind it; null where a caller who may see only one project sees neither. */
export async function keyNameShown(tx: Tx, id: string, own: string | null): Promise<string | null> {
  const rows = await tx.query<{ name: string }>(
    `select coalesce(m.name, k.name) as name from api_keys k
        left join members m on m.tenant_id = k.tenant_id and m.api_key_id = k.id
      where k.tenant_id = current_tenant() and k.id = $1 and ($2::text is null or k.project_id = $2)`,
    [id, own],
  );
  return rows[0]?.name ?? null;
}
