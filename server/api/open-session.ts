import { mayDo, permissions } from '@aos/core/access/permission.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { randomSecret, sha256Hex } from '../base/deps.ts';
import { nobody } from '../http/bind.ts';
import type { Context } from '../http/handler.ts';
import { tokenCookie } from '../http/session-cookie.ts';
import { findApiKey } from '../store/api-keys.ts';
import { findProject } from '../store/projects.ts';
import { insertSignIn } from '../store/sign-ins.ts';
import { findTenant } from '../store/tenants.ts';
import { inTenant, record } from './change.ts';

/** A working day: then whoever it is shows again that it is they. */
const lasts_s = 12 * 3600;

/** The token of a browser, and its requests as those of who signed in. */
export interface Opened {
  token: string;
  signed_in: Context;
}

/** Lets in whoever the identity of this context is. `by`: with what they showed that it is they. */
export async function openSession(tx: Tx, signed_in: Context, by: 'key' | 'password' | 'oidc'): Promise<Opened> {
  const { deps, identity, address } = signed_in;
  const token = randomSecret(32).toString('base64url');
  const id = deps.makeId('sign_in');
  const now_ms = deps.clock.now();
  await insertSignIn(tx, {
    tenant_id: identity.tenant_id,
    id,
    api_key_id: identity.api_key.id,
    token_hash: sha256Hex(token),
    created_at: instantText(now_ms),
    expires_at: instantText(now_ms + lasts_s * 1000),
  });
  await record(tx, signed_in, {
    event: 'SIGNED_IN',
    object_type: 'sign_in',
    object_id: id,
    before: null,
    after: { api_key_id: identity.api_key.id, address, by },
  });
  return { token, signed_in };
}

/** Gives the browser its session, and says whose it is. */
export function keepSession(context: Context, { token, signed_in }: Opened) {
  context.setHeader('set-cookie', tokenCookie('aos_session', token, originOf(context), lasts_s));
  return sessionOf(signed_in);
}

export function forgetSession(context: Context): void {
  context.setHeader('set-cookie', tokenCookie('aos_session', '', originOf(context), 0));
}

/** Where the page is that signs in. A browser says so; whoever does not is reached where the console is. */
export function originOf({ headers, deps }: Context): string {
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) ? origin : deps.config.public_url;
}

export const signedOut = ({ deps }: Context) => ({
  signed_in: false as const,
  ...(deps.config.oidc && { has_oidc: true as const }),
});

export function sessionOf(context: Context) {
  const { identity } = context;
  if (identity === nobody) return Promise.resolve(signedOut(context));
  return inTenant(context, async (tx) => {
    const tenant = present(await findTenant(tx, identity.tenant_id), 'the tenant of a key');
    const api_key = present(await findApiKey(tx, identity.api_key.id), 'the key of a session');
    const project = identity.project_id === null ? undefined : await findProject(tx, identity.project_id);
    const granted = permissions.filter(
      (permission) => mayDo(identity.role, permission) && (permission !== 'installation' || identity.of_installation),
    );
    const { role } = identity;
    return { signed_in: true as const, tenant, project: project ?? null, api_key, role, permissions: granted };
  });
}
