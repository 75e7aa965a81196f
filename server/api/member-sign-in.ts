import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { sha256Hex } from '../base/deps.ts';
import { atPasswordTurn, isPassword } from '../base/password.ts';
import { type IdentityAtEpoch, identityOf, isLive } from '../http/authenticate.ts';
import type { Context } from '../http/handler.ts';
import { findKeyById } from '../store/api-keys.ts';
import { chargeAttempt, findKnocking, type Knocking, noteSuccess } from '../store/members.ts';
import { nowText, record } from './change.ts';

/** So many wrong passwords in a row lock a person out, on every process, for so long. */
const most_failures = 5;
const locked_ms = 15 * 60_000;

/** By what a person is found before their tenant is known. */
export const emailHash = (email: string): string => sha256Hex(`member ${email}`);

/**
 * Lets in whom an address and a password belong to: `enter` runs in the transaction that checks once more that they still
 * do. Whether the address is known, the password wrong or the person locked out is answered alike, and takes as long.
 */
export async function signInMember<T>(
  context: Context,
  email: string,
  password: string,
  enter: (tx: Tx, identity: IdentityAtEpoch) => Promise<T>,
): Promise<T> {
  const { deps } = context;
  const { who, attempt, is_right } = await atPasswordTurn(() => tried(context, emailHash(email), password));
  if (!who || !attempt) throw notTogether();
  if (!is_right) {
    if (attempt.own_lock !== null) await recordLock(context, who, attempt.own_lock);
    throw notTogether();
  }
  return deps.db.tenant(who.tenant_id, async (tx) => {
    if (!(await noteSuccess(tx, who.id, attempt, nowText(context)))) throw notTogether();
    const key = await findKeyById(tx, who.tenant_id, who.api_key_id);
    if (!key || !isLive(key, deps.clock.now())) throw notTogether();
    return enter(tx, identityOf(key));
  });
}

/** Nobody is charged like somebody, and a password that is not to be looked at is hashed like one that is. */
async function tried({ deps }: Context, email_hash: string, password: string) {
  const who = await deps.db.presented(email_hash, (tx) => findKnocking(tx, 'email_hash', email_hash));
  const now_ms = deps.clock.now();
  const limits = { most: most_failures, locked_until: instantText(now_ms + locked_ms), at: instantText(now_ms) };
  const attempt = await deps.db.tenant(who?.tenant_id ?? deps.makeId('tenant'), (tx) =>
    chargeAttempt(tx, who?.id ?? deps.makeId('user'), limits),
  );
  return { who, attempt, is_right: await isPassword(password, attempt?.password_hash ?? null) };
}

const notTogether = (): Problem =>
  new Problem(
    'unauthenticated',
    'The address and the password do not belong together. After five wrong ones nobody is let in for 15 minutes.',
  );

async function recordLock(context: Context, who: Knocking, locked_until: string): Promise<void> {
  await context.deps.db.tenant(who.tenant_id, async (tx) => {
    const key = await findKeyById(tx, who.tenant_id, who.api_key_id);
    if (!key) return;
    await record(
      tx,
      { ...context, identity: identityOf(key) },
      {
        event: 'MEMBER_LOCKED',
        object_type: 'member',
        object_id: who.id,
        before: null,
        after: { locked_until, address: context.address },
        reason: `${most_failures} wrong passwords in a row`,
        project_id: key.project_id,
      },
    );
  });
}
