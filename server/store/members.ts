import type { Member } from '@aos/core/access/member.ts';
import type { Vouchee } from '@aos/core/access/vouched.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { Filter, readList } from './list.ts';

/** A member with the role and project of their key. */
export type MemberRow = Omit<Member, 'url'>;

const shown = `m.id, m.email, m.name, m.status, m.api_key_id, m.invite_expires_at, m.locked_until, m.last_signed_in_at,
  m.created_at, m.created_by, k.role, k.project_id`;
const joined = 'join api_keys k on k.tenant_id = m.tenant_id and k.id = m.api_key_id';

export function listMembers(
  tx: Tx,
  own: string | null,
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const filter = new Filter()
    .always('m.tenant_id = current_tenant()')
    .where(
      'exists (select from api_keys k where k.tenant_id = m.tenant_id and k.id = m.api_key_id and k.project_id = ?)',
      own ?? undefined,
    );
  const around = (rows: string) => `select ${shown} from (${rows}) m ${joined} order by m.id desc`;
  return readList(tx, { table: 'members m', id: 'm.id', order: 'newest', filter, around }, page);
}

export async function findMember(tx: Tx, id: string): Promise<MemberRow | undefined> {
  const [row] = await tx.query<MemberRow>(
    `select ${shown} from members m ${joined} where m.tenant_id = current_tenant() and m.id = $1`,
    [id],
  );
  return row;
}

export interface NewMember {
  tenant_id: string;
  id: string;
  api_key_id: string;
  email: string;
  email_hash: string;
  name: string;
  invite_hash: string;
  invite_expires_at: string;
  created_at: string;
  created_by: string;
}

/** False: somebody has this address already. */
export async function insertMember(tx: Tx, of: NewMember): Promise<boolean> {
  const rows = await tx.query(
    `insert into members (tenant_id, id, api_key_id, email, email_hash, name, status, invite_hash, invite_expires_at, created_at, created_by)
      values ($1, $2, $3, $4, $5, $6, 'invited', $7, $8, $9, $10) on conflict (email_hash) do nothing returning id`,
    [
      ...[of.tenant_id, of.id, of.api_key_id, of.email, of.email_hash, of.name],
      ...[of.invite_hash, of.invite_expires_at, of.created_at, of.created_by],
    ],
  );
  return rows.length > 0;
}

/** What signing in needs of a person. */
export interface Knocking {
  tenant_id: string;
  id: string;
  api_key_id: string;
  email: string;
  name: string;
  invite_expires_at: string | null;
}

/** The person behind an address or a link. Needs a transaction that presents this hash. */
export async function findKnocking(
  tx: Tx,
  by: 'email_hash' | 'invite_hash',
  hash: string,
): Promise<Knocking | undefined> {
  const [row] = await tx.query<Knocking>(
    `select tenant_id, id, api_key_id, email, name, invite_expires_at
      from members where ${by} = $1`,
    [hash],
  );
  return row;
}

/** A new link; the one before it is good no more. Whoever uses it may be somebody else at the provider of identities. */
export async function setInvite(tx: Tx, id: string, invite_hash: string, expires_at: string): Promise<void> {
  await tx.query(
    `update members set invite_hash = $2, invite_expires_at = $3, locked_until = null, failed_attempts = 0,
        status = case when status = 'disabled' then 'invited' else status end, oidc_subject = null
      where tenant_id = current_tenant() and id = $1`,
    [id, invite_hash, expires_at],
  );
}

/** Takes the password that came with a link; false: somebody else did, with the same link. */
export async function acceptInvite(tx: Tx, id: string, invite_hash: string, password_hash: string): Promise<boolean> {
  const rows = await tx.query(
    `update members set status = 'active', password_hash = $3, invite_hash = null, invite_expires_at = null,
        failed_attempts = 0, locked_until = null
      where tenant_id = current_tenant() and id = $1 and invite_hash = $2 and status <> 'disabled' returning id`,
    [id, invite_hash, password_hash],
  );
  return rows.length > 0;
}

export async function renameMember(tx: Tx, id: string, name: string): Promise<void> {
  await tx.query('update members set name = $2 where tenant_id = current_tenant() and id = $1', [id, name]);
}

export async function disableMember(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update members set status = 'disabled', password_hash = null, invite_hash = null, invite_expires_at = null
      where tenant_id = current_tenant() and id = $1`,
    [id],
  );
}

/** An attempt that may be made: the hash to compare with, and the lock that stands until it turns out right. */
export interface Attempt {
  password_hash: string | null;
  own_lock: string | null;
}

/**
 * Counts an attempt as failed before its password is looked at; the `most`th locks. Undefined: nobody is let in now, and
 * the password is not to be looked at. However many come at once, each is counted after the one before.
 */
export async function chargeAttempt(
  tx: Tx,
  id: string,
  of: { most: number; locked_until: string; at: string },
): Promise<Attempt | undefined> {
  const [row] = await tx.query<Attempt>(
    `update members set failed_attempts = failed_attempts + 1,
        locked_until = case when failed_attempts + 1 >= $2 then $3::timestamptz end
      where tenant_id = current_tenant() and id = $1 and (locked_until is null or locked_until <= $4)
      returning password_hash, locked_until as own_lock`,
    [id, of.most, of.locked_until, of.at],
  );
  return row;
}

/**
 * Lets in who had the right password, in the transaction that does so. False: meanwhile the person was disabled, the
 * password changed, or other attempts locked.
 */
export async function noteSuccess(
  tx: Tx,
  id: string,
  { password_hash, own_lock }: Attempt,
  at: string,
): Promise<boolean> {
  const rows = await tx.query(
    `update members set failed_attempts = 0, locked_until = null, last_signed_in_at = $4
      where tenant_id = current_tenant() and id = $1 and status = 'active' and password_hash = $2
        and (locked_until is null or locked_until <= $4 or locked_until = $3::timestamptz) returning id`,
    [id, password_hash, own_lock, at],
  );
  return rows.length > 0;
}

/** Kept from others until the end of the transaction: who somebody else vouches for. */
export async function lockVouchee(tx: Tx, id: string): Promise<Vouchee | undefined> {
  const [row] = await tx.query<Vouchee>(
    `select status, invite_expires_at, locked_until, oidc_subject from members
      where tenant_id = current_tenant() and id = $1 for update`,
    [id],
  );
  return row;
}

/** Lets in who was vouched for. Their link has done its work; wrong passwords of others still count. */
export async function noteVouched(tx: Tx, id: string, of: { subject: string; at: string }): Promise<void> {
  await tx.query(
    `update members set status = 'active', oidc_subject = $2, last_signed_in_at = $3,
        invite_hash = case when status = 'active' then invite_hash end,
        invite_expires_at = case when status = 'active' then invite_expires_at end
      where tenant_id = current_tenant() and id = $1`,
    [id, of.subject, of.at],
  );
}
