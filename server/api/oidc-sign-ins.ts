import { first_tenant_slug } from '@aos/core/access/tenant.ts';
import {
  type Refusal,
  refusalOfAddress,
  refusalOfMember,
  refusalText,
  type Vouched,
} from '@aos/core/access/vouched.ts';
import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { OidcProvider } from '../base/config.ts';
import { type Deps, randomSecret } from '../base/deps.ts';
import { identityOf } from '../http/authenticate.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { signInUrl, vouchedBy } from '../http/oidc.ts';
import { refuseOtherOrigins, tokenCookie, tokenIn } from '../http/session-cookie.ts';
import { signInThrottleOf } from '../http/sign-in-throttle.ts';
import { findKeyById } from '../store/api-keys.ts';
import { appendToLedger, type LedgerEntry } from '../store/ledger.ts';
import { findKnocking, findMember, type Knocking, lockVouchee, noteVouched } from '../store/members.ts';
import { findTenant } from '../store/tenants.ts';
import { nowText, record } from './change.ts';
import { emailHash } from './member-sign-in.ts';
import { keepSession, type Opened, openSession, originOf } from './open-session.ts';

/** How long somebody may take at their provider. */
const flow_lasts_s = 600;

/** Somebody goes to the provider of identities and comes back: between the two only their browser knows of it. */
export const oidc_handlers: Handlers<Pick<typeof access_endpoints, 'beginOidc' | 'finishOidc'>> = {
  beginOidc: async (_input, context) => {
    const provider = ownPage(context);
    const flow = randomSecret(32).toString('base64url');
    const url = await signInUrl(context.deps, provider, flow);
    keepFlow(context, flow);
    return { url };
  },

  finishOidc: async ({ body }, context) => {
    const { deps, address } = context;
    const provider = ownPage(context);
    const flow = tokenIn(context.headers, 'aos_oidc', deps.config.public_url);
    keepFlow(context, '');
    if (flow === undefined)
      throw new Problem(
        'unauthenticated',
        'This browser has not begun to sign in, or more than ten minutes ago. Begin again on the sign-in page.',
      );
    const opened = await signInThrottleOf(deps, 'oidc').attempt(address, flow, deps.clock.monotonic(), async () =>
      letIn(context, provider, await vouchedBy(deps, provider, flow, body)),
    );
    return keepSession(context, opened);
  },
};

/** The provider, for a page of the console under the address that the provider sends people back to. */
function ownPage(context: Context): OidcProvider {
  const { oidc, public_url } = context.deps.config;
  if (oidc === null)
    throw new Problem('not_found', 'No identity provider is configured here. AOS_OIDC_ISSUER names one.');
  refuseOtherOrigins(context.headers, public_url);
  const { origin } = new URL(public_url);
  if (new URL(originOf(context)).origin !== origin)
    throw new Problem('forbidden', `The identity provider sends people back to ${origin}: open the console there.`);
  return oidc;
}

function keepFlow(context: Context, flow: string): void {
  const max_age_s = flow === '' ? 0 : flow_lasts_s;
  context.setHeader('set-cookie', tokenCookie('aos_oidc', flow, originOf(context), max_age_s));
}

async function letIn(context: Context, provider: OidcProvider, vouched: Vouched): Promise<Opened> {
  const wrong_address = refusalOfAddress(vouched, provider.email_domains);
  const who = wrong_address === null ? await knocking(context.deps, vouched) : undefined;
  const answer = who ? await opened(context, who, vouched) : (wrong_address ?? 'no_member');
  if (typeof answer !== 'string') return answer;
  if (!who) await recordStranger(context, answer);
  throw new Problem('forbidden', refusalText(answer));
}

function knocking({ db }: Deps, { email }: Vouched): Promise<Knocking | undefined> {
  const email_hash = emailHash(email ?? '');
  return db.presented(email_hash, (tx) => findKnocking(tx, 'email_hash', email_hash));
}

/** A refusal is kept too: why somebody was not let in stands in the ledger of their tenant. */
function opened(context: Context, who: Knocking, vouched: Vouched): Promise<Opened | Refusal> {
  const { deps } = context;
  return deps.db.tenant(who.tenant_id, async (tx) => {
    const member = await lockVouchee(tx, who.id);
    const key = present(await findKeyById(tx, who.tenant_id, who.api_key_id), 'the key of a member');
    const as_member = { ...context, identity: identityOf(key) };
    const of_member = { object_type: 'member', object_id: who.id, project_id: key.project_id };
    const refusal = refusalOfMember(vouched, member, deps.clock.now());
    if (refusal !== null) {
      await appendToLedger(tx, who.tenant_id, [refused(context, refusal, of_member)]);
      return refusal;
    }
    await noteVouched(tx, who.id, { subject: vouched.subject, at: nowText(context) });
    if (member?.status === 'invited')
      await record(tx, as_member, {
        ...of_member,
        event: 'MEMBER_JOINED',
        before: null,
        after: present(await findMember(tx, who.id), 'the member who joined'),
      });
    return openSession(tx, as_member, 'oidc');
  });
}

/** Whoever belongs to no tenant is the business of those who own the installation. */
async function recordStranger(context: Context, refusal: Refusal): Promise<void> {
  const { db } = context.deps;
  const tenant = present(
    await db.installation((tx) => findTenant(tx, first_tenant_slug)),
    'the tenant of the first boot',
  );
  const of = { object_type: 'sign_in', object_id: context.request_id, project_id: null };
  await db.tenant(tenant.id, (tx) => appendToLedger(tx, tenant.id, [refused(context, refusal, of)]));
}

/** Nobody acted who is known here, and whose account it was is theirs to say: their address is not kept. */
function refused(
  context: Context,
  refusal: Refusal,
  of: Pick<LedgerEntry, 'object_type' | 'object_id' | 'project_id'>,
): LedgerEntry {
  const { deps, address, request_id } = context;
  return {
    ...{ id: deps.makeId('event'), event: 'SIGN_IN_REFUSED', actor_type: 'system', actor_id: 'aos', ...of },
    ...{ api_key_id: null, agent_id: null, run_id: null, before: null, after: { by: 'oidc', address, why: refusal } },
    ...{ reason: refusalText(refusal), request_id, occurred_at: nowText(context) },
  };
}
