import type { access_endpoints } from '@aos/core/api/access.ts';
import { sha256Hex } from '../base/deps.ts';
import { authenticateKey } from '../http/authenticate.ts';
import { nobody } from '../http/bind.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { refuseOtherOrigins, tokenIn } from '../http/session-cookie.ts';
import { signInThrottleOf } from '../http/sign-in-throttle.ts';
import { endSignIn } from '../store/sign-ins.ts';
import { inTenant, nowText, record } from './change.ts';
import { signInMember } from './member-sign-in.ts';
import { forgetSession, keepSession, openSession, sessionOf, signedOut } from './open-session.ts';

type Names = 'getSession' | 'signIn' | 'signOut';

export const sign_in_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  getSession: (_input, context) => sessionOf(context),

  signIn: async ({ body }, context) => {
    const { deps, headers } = context;
    refuseOtherOrigins(headers, deps.config.public_url);
    const by = 'key' in body ? body.key.trim() : body.email;
    const throttle = signInThrottleOf(deps, 'secret');
    const opened = await throttle.attempt(context.address, by, deps.clock.monotonic(), () =>
      'key' in body
        ? signInKey(context, by)
        : signInMember(context, by, body.password, (tx, identity) =>
            openSession(tx, { ...context, identity }, 'password'),
          ),
    );
    return keepSession(context, opened);
  },

  signOut: async (_input, context) => {
    const token = tokenIn(context.headers, 'aos_session', context.deps.config.public_url);
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
    forgetSession(context);
    return signedOut(context);
  },
};

async function signInKey(context: Context, key: string) {
  const signed_in = {
    ...context,
    identity: await authenticateKey(context.deps, key, context.headers, context.address),
  };
  return inTenant(signed_in, (tx) => openSession(tx, signed_in, 'key'));
}
