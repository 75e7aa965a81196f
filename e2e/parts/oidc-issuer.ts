import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** Who sits before the provider's sign-in page. */
export interface Account {
  sub: string;
  email?: string;
  email_verified?: boolean;
}

export interface Issuer {
  url: string;
  client_id: string;
  client_secret: string;
  /** Signs in as this one from now on, without asking. */
  account: Account;
  /** Paths that were asked for. */
  requests: string[];
  close(): Promise<void>;
}

const client_id = 'aos-console';
const client_secret = 'secret-of-the-console-at-the-issuer';

/** A real provider of identities on a port of its own; only its sign-in form is answered for the person. */
export async function startIssuer(redirect_uri: string, claims_in_token = false): Promise<Issuer> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = {
    ...{ url, client_id, client_secret, account: { sub: 'nobody' }, requests: [] },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const provider = new Provider(url, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: !claims_in_token,
    cookies: { keys: ['a key of the test'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/as-somebody/${uid}` },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ ...issuer.account, sub }) }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId ?? '', clientId: client_id });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const path = request.url ?? '';
    issuer.requests.push(path.split('?')[0] ?? '');
    if (!path.startsWith('/as-somebody/')) return void answer(request, response);
    const login = { accountId: issuer.account.sub };
    provider.interactionFinished(request, response, { login }).catch((error: Error) => response.end(error.message));
  });
  return issuer;
}

/** Goes where a browser would, with a browser's cookies, until the address leaves the provider. */
export async function throughIssuer(issuer: Issuer, from: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let at = new URL(from);
  while (at.origin === issuer.url) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    if (to === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
    at = new URL(to, at);
  }
  return at;
}
