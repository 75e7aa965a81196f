import type { Tx } from '../base/database.ts';
import { findKeyById, type PresentedKey } from './api-keys.ts';

/** A browser that was let in with a key, until it expires, is ended, or its key is. */
export interface SignIn {
  tenant_id: string;
  id: string;
  api_key_id: string;
  /** sha256 of the token in the browser's cookie, in hex. */
  token_hash: string;
  created_at: string;
  expires_at: string;
}

export async function insertSignIn(tx: Tx, of: SignIn): Promise<void> {
  await tx.query(
    `insert into sign_ins (tenant_id, id, api_key_id, token_hash, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6)`,
    [of.tenant_id, of.id, of.api_key_id, of.token_hash, of.created_at, of.expires_at],
  );
}

/** The key behind a sign-in that is still good at this instant. Needs a transaction that presents this hash. */
export async function findSignedInKey(tx: Tx, token_hash: string, at: string): Promise<PresentedKey | undefined> {
  const [sign_in] = await tx.query<{ tenant_id: string; api_key_id: string }>(
    'select tenant_id, api_key_id from sign_ins where token_hash = $1 and ended_at is null and expires_at > $2',
    [token_hash, at],
    'find_sign_in',
  );
  return sign_in && findKeyById(tx, sign_in.tenant_id, sign_in.api_key_id);
}

/** Ends it; answers its id when it was there and not ended before. */
export async function endSignIn(tx: Tx, token_hash: string, at: string): Promise<string | undefined> {
  const [ended] = await tx.query<{ id: string }>(
    `update sign_ins set ended_at = $2
      where tenant_id = current_tenant() and token_hash = $1 and ended_at is null returning id`,
    [token_hash, at],
  );
  return ended?.id;
}

/** Ends every session of a key. */
export async function endSignInsOf(tx: Tx, api_key_id: string, at: string): Promise<void> {
  await tx.query(
    `update sign_ins set ended_at = $2 where tenant_id = current_tenant() and api_key_id = $1 and ended_at is null`,
    [api_key_id, at],
  );
}

/** Removes those that have been of no use for a week; the ledger keeps that they were. */
export async function removeOldSignIns(tx: Tx): Promise<void> {
  await tx.query(
    `delete from sign_ins where tenant_id = current_tenant() and least(expires_at, ended_at) < now() - interval '7 days'`,
  );
}
