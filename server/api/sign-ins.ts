import { mayDo, permissions } from '@aos/core/access/permission.ts';
import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { randomSecret, sha256Hex } from '../base/deps.ts';
import { authenticateKey } from '../http/authenticate.ts';
import { nobody } from '../http/bind.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { refuseOtherOrigins, sessionCookie, sessionTokenIn } from '../http/session-cookie.ts';
import { signInThrottleOf } from '../http/sign-in-throttle.ts';
import { findApiKey } from '../store/api-keys.ts';
import { findProject } from '../store/projects.ts';
import { endSignIn, insertSignIn } from '../store/sign-ins.ts';
import { findTenant } from '../store/tenants.ts';
import { inTenant, nowText, record } from './change.ts';
import { signInMember } from './member-sign-in.ts';

type Names = 'getSession' | 'signIn' | 'signOut';

/** A working day: then the key is asked for again. */
const lasts_s = 12 * 3600;

export const sign_in_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  getSession: (_input, context) => sessionOf(context),

  signIn: async ({ body }, context) => {
    const { deps, headers } = context;
    refuseOtherOrigins(headers, deps.config.public_url);
    const by = 'key' in body ? body.key.trim() : body.email;
    const throttle = signInThrottleOf(deps);
    const { token, signed_in } = await throttle.attempt(context.address, by, deps.clock.monotonic(), () =>
      'key' in body
        ? signInKey(context, by)
        : signInMember(context, by, body.password, (tx, identity) => openSession(tx, { ...context, identity })),
    );
    context.setHeader('set-cookie', sessionCookie(token, originOf(context), lasts_s));
    return sessionOf(signed_in);
  },

  signOut: async (_input, context) => {
    const token = sessionTokenIn(context.headers);
    if (token !== undefined && context.identity !== nobody) {
      await inTenant(context, async (tx) => {
        const id = await endSignIn(tx, sha256Hex(token), nowText(context));
        if (id === undefined) return;
        await record(tx, context, {
          event: 'SIGNED_OUT',
          object_type: 'sign_in',
          object_id: id,
          before: null,
          after: null,
        });
      });
    }
    context.setHeader('set-cookie', sessionCookie('', originOf(context), 0));
    return { signed_in: false };
  },
};

async function signInKey(context: Context, key: string) {
  const signed_in = { ...context, identity: await authenticateKey(context.deps, key, context.address) };
  return inTenant(signed_in, (tx) => openSession(tx, signed_in));
}

async function openSession(tx: Tx, signed_in: Context) {
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
    after: { api_key_id: identity.api_key.id, address },
  });
  return { token, signed_in };
}

/** Where the page is that signs in. A browser says so; whoever does not is reached where the console is. */
function originOf({ headers, deps }: Context): string {
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) ? origin : deps.config.public_url;
}

function sessionOf(context: Context) {
  const { identity } = context;
  if (identity === nobody) return Promise.resolve({ signed_in: false as const });
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
