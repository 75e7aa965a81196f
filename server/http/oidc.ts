import type { Vouched } from '@aos/core/access/vouched.ts';
import { Problem } from '@aos/core/base/error.ts';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  type IDToken,
  type UserInfoResponse,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import type { OidcProvider } from '../base/config.ts';
import type { Database } from '../base/database.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import { OutboundFailure } from '../base/outbound/failure.ts';
import { openOutbound } from '../base/outbound/outbound.ts';
import { type Reach, withHost } from '../base/outbound/reach.ts';

/** Signing in with a provider of identities (OpenID Connect): authorization code, PKCE, state and nonce. */

/** The page that the provider sends people back to; it must be registered there. */
const returnUrl = ({ config }: Deps): string => `${config.public_url}/sign-in/oidc`;

/** What a page was called with when somebody came back. */
export interface CameBack {
  code: string;
  state: string;
  iss?: string | undefined;
}

/** The address at the provider where whoever holds `flow` shows who they are. */
export async function signInUrl(deps: Deps, provider: OidcProvider, flow: string): Promise<string> {
  const { state, nonce, verifier } = secretsOf(flow);
  const url = buildAuthorizationUrl(await known(deps, provider), {
    redirect_uri: returnUrl(deps),
    scope: 'openid email',
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return url.href;
}

/**
 * Whom the provider vouches for. Throws `unauthenticated` for what was not begun with this `flow`, or is over, and
 * `provider_unreachable` when the provider gives no answer.
 */
export async function vouchedBy(deps: Deps, provider: OidcProvider, flow: string, back: CameBack): Promise<Vouched> {
  const configuration = await known(deps, provider);
  const { state, nonce, verifier } = secretsOf(flow);
  const url = new URL(returnUrl(deps));
  for (const [name, value] of Object.entries(back)) if (value !== undefined) url.searchParams.set(name, value);
  try {
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const tokens = await authorizationCodeGrant(configuration, url, checks);
    const claims = tokens.claims() as IDToken;
    const is_told = claims.email !== undefined;
    return vouchedIn(is_told ? claims : await fetchUserInfo(configuration, tokens.access_token, claims.sub), claims);
  } catch (error) {
    throw refusalOf(deps, provider, error);
  }
}

function vouchedIn({ email, email_verified }: IDToken | UserInfoResponse, { iss, sub }: IDToken): Vouched {
  return {
    subject: sha256Hex(`${iss}\n${sub}`),
    email: typeof email === 'string' ? email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : null,
    is_verified: email_verified === true,
  };
}

/** All made from what the browser alone holds, so that nothing has to be kept here, and any replica can go on. */
function secretsOf(flow: string) {
  const [state, nonce, verifier] = ['state', 'nonce', 'verifier'].map((name) => sha256Hex(`oidc ${name} ${flow}`));
  return { state, nonce, verifier } as { state: string; nonce: string; verifier: string };
}

/** What the provider says of itself, asked for again after so long. */
const known_ms = 3_600_000;
const configurations = new WeakMap<Database, { since_ms: number; asked: Promise<Configuration> }>();

function known(deps: Deps, provider: OidcProvider): Promise<Configuration> {
  const now_ms = deps.clock.monotonic();
  const entry = configurations.get(deps.db);
  if (entry && now_ms - entry.since_ms < known_ms) return entry.asked;
  const asked = discover(deps, provider).catch((error: unknown) => {
    configurations.delete(deps.db);
    throw unreachable(deps, provider, error);
  });
  configurations.set(deps.db, { since_ms: now_ms, asked });
  return asked;
}

function discover({ config }: Deps, provider: OidcProvider): Promise<Configuration> {
  const issuer = new URL(provider.issuer);
  const { client_id, client_secret } = provider;
  return discovery(issuer, client_id, client_secret, withSecret(client_secret), {
    execute: [enableNonRepudiationChecks, ...(issuer.protocol === 'http:' ? [allowInsecureRequests] : [])],
    [customFetch]: guarded(withHost(config.outbound_reach, issuer.hostname)),
  });
}

/** In the way the provider takes; by the standard, Basic is what it takes when it says nothing. */
function withSecret(secret: string): ClientAuth {
  const [post, basic] = [ClientSecretPost(secret), ClientSecretBasic(secret)];
  return (as, ...rest) => {
    const methods = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    (methods.includes('client_secret_basic') ? basic : post)(as, ...rest);
  };
}

const within_ms = 10_000;
const max_bytes = 1_000_000;

/** The client for addresses from outside: what the provider says of itself may name any, and leads nowhere private. */
function guarded(reach: Reach): CustomFetch {
  const outbound = openOutbound(reach);
  return async (url, { method, headers, body, signal }) => {
    const answer = await outbound.send({
      url,
      method: method as 'GET' | 'POST',
      headers,
      body: body === undefined || body === null ? null : String(body),
      within_ms,
      max_bytes,
      ...(signal && { signal }),
    });
    if (answer.is_cut) throw new OutboundFailure('broken', `its answer is longer than ${max_bytes} bytes`);
    const said = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    return new Response(answer.body.length > 0 ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: said,
    });
  };
}

/** What the library throws has what happened as its cause, or the cause of that. */
function refusalOf(deps: Deps, provider: OidcProvider, error: unknown): Problem {
  const { cause, code, status, error: said } = error as Partial<Record<'cause' | 'code' | 'status' | 'error', unknown>>;
  const is_theirs = [error, cause].some((one) => one instanceof OutboundFailure || one instanceof Response);
  const is_ours = said === 'invalid_client' || error instanceof WWWAuthenticateChallengeError;
  if (is_theirs || is_ours || code === 'OAUTH_TIMEOUT' || Number(status) >= 500)
    return unreachable(deps, provider, error);
  deps.log.warn({ error: wordsOf(error) }, 'a sign-in with the provider of identities was refused');
  return new Problem(
    'unauthenticated',
    'This sign-in was not begun in this browser, or it is over. Begin again on the sign-in page.',
  );
}

function unreachable(deps: Deps, { issuer }: OidcProvider, error: unknown): Problem {
  deps.log.warn({ error: wordsOf(error), issuer }, 'the provider of identities gave no answer that can be used');
  return new Problem(
    'provider_unreachable',
    `The identity provider (${new URL(issuer).host}) gave no answer that can be used. Try again, or sign in with a password.`,
  );
}

const wordsOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
};
