import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus } from '../parts/client.ts';
import { type Issuer, startIssuer, throughIssuer } from '../parts/oidc-issuer.ts';
import { startApp, type TestApp } from './app.ts';

/** The address that people open; the port behind it is another, as behind a proxy. */
const origin = 'https://aos.example.com';
const return_url = `${origin}/sign-in/oidc`;
const because = { reason: 'a test' };

let issuer: Issuer;
let app: TestApp;
let admin: Api;

const settings = (of: Issuer, more: Record<string, string> = {}) => ({
  AOS_PUBLIC_URL: origin,
  AOS_OIDC_ISSUER: of.url,
  AOS_OIDC_CLIENT_ID: of.client_id,
  AOS_OIDC_CLIENT_SECRET: of.client_secret,
  ...more,
});

beforeAll(async () => {
  issuer = await startIssuer(return_url);
  app = await startApp(() => {}, settings(issuer, { AOS_OIDC_EMAIL_DOMAINS: 'example.com' }));
  admin = api(app);
});
afterAll(async () => {
  await app?.close();
  await issuer?.close();
});

interface Said {
  url?: string;
  signed_in?: boolean;
  role?: string;
  error?: { code: string; message: string };
}

async function post(path: string, body: object, headers: Record<string, string> = {}, to = app) {
  const answer = await fetch(`${to.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, said: (await answer.json()) as Said, cookies: answer.headers.getSetCookie() };
}

const nameAndValue = (lines: string[], name: string): string =>
  lines.find((line) => line.startsWith(`__Host-${name}=`))?.split(';')[0] ?? '';

/** A browser at the provider, on its way back: its cookie, and what stands in the address. */
async function cameBack(of = issuer, to = app) {
  const begun = await post('/api/v1/session/oidc', {}, {}, to);
  const url = await throughIssuer(of, begun.said.url ?? '');
  expect(`${url.origin}${url.pathname}`).toBe(return_url);
  const back = Object.fromEntries(url.searchParams) as { code: string; state: string; iss: string };
  return { begun, back, cookie: nameAndValue(begun.cookies, 'aos_oidc') };
}

const finish = (cookie: string, back: object, to = app) => post('/api/v1/session/oidc/finish', back, { cookie }, to);

async function signIn(email: string, more: { sub?: string; email_verified?: boolean } = {}) {
  issuer.account = { sub: email, email, email_verified: true, ...more };
  const { cookie, back } = await cameBack();
  return finish(cookie, back);
}

const invite = async (email: string, role = 'operator') =>
  expectStatus(201, await admin.post<{ id: string; invite_url: string }>('/api/v1/members', { email, role }));

async function join(email: string) {
  const member = await invite(email);
  const token = new URL(member.invite_url).hash.slice(1);
  const password = 'a long enough pass phrase';
  expectStatus(200, await api(app, null).post('/api/v1/members/accept', { token, password }));
  return { ...member, password };
}

async function audited(event: string) {
  const { items } = expectStatus(
    200,
    await admin.get<{ items: { after: object; actor_id: string; object_id: string; reason: string }[] }>(
      `/api/v1/logs/audit?event=${event}`,
    ),
  );
  return items;
}

test('an invited person signs in with their identity provider, joins by it, and has the session of any sign-in', async () => {
  const member = await invite('Ann@Example.com', 'operator');
  issuer.account = { sub: 'ann-1', email: 'ANN@example.com', email_verified: true };
  const { begun, back, cookie } = await cameBack();
  expect(begun.cookies[0]).toMatch(
    /^__Host-aos_oidc=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Strict; Secure$/,
  );
  const asked = new URL(begun.said.url ?? '').searchParams;
  expect([asked.get('code_challenge_method'), asked.get('response_type')]).toEqual(['S256', 'code']);
  expect(begun.said.url).not.toContain(cookie.split('=')[1]);
  const { status, said, cookies } = await finish(cookie, back);
  expect([status, said]).toMatchObject([200, { signed_in: true, role: 'operator' }]);
  expect(cookies).toContainEqual(expect.stringMatching(/^__Host-aos_oidc=; Path=\/; Max-Age=0/));
  const session = nameAndValue(cookies, 'aos_session');
  const projects = await fetch(`${app.url}/api/v1/projects`, { headers: { cookie: session, origin } });
  expect(projects.status).toBe(200);
  const after = expectStatus(200, await admin.get(`/api/v1/members/${member.id}`));
  expect(after).toMatchObject({ status: 'active', invite_expires_at: null });
  expect((await audited('MEMBER_JOINED'))[0]).toMatchObject({ object_id: member.id });
  expect((await audited('SIGNED_IN'))[0]).toMatchObject({ after: { by: 'oidc' }, actor_id: after.api_key_id });
  const token = new URL(member.invite_url).hash.slice(1);
  const late = await api(app, null).post('/api/v1/members/accept', { token, password: 'a long enough pass phrase' });
  expect(late.status).toBe(404);
});

test('nobody is let in whom nobody invited, whose address is not verified, or is of another domain', async () => {
  await invite('eve@example.com');
  await invite('fay@elsewhere.test');
  const answers = [
    await signIn('stranger@example.com'),
    await signIn('eve@example.com', { email_verified: false }),
    await signIn('fay@elsewhere.test'),
  ];
  expect(answers.map(({ status, said }) => [status, said.error?.code])).toEqual(Array(3).fill([403, 'forbidden']));
  expect(answers.map(({ said }) => said.error?.message)).toEqual([
    expect.stringContaining('Ask an admin to invite it'),
    expect.stringContaining('Verify it there'),
    expect.stringContaining('Use the account'),
  ]);
  expect(answers.every(({ cookies }) => nameAndValue(cookies, 'aos_session') === '')).toBe(true);
  const refused = (await audited('SIGN_IN_REFUSED')).slice(0, 3);
  expect(refused.map(({ after }) => (after as { why: string }).why)).toEqual([
    'other_domain',
    'not_verified',
    'no_member',
  ]);
  expect(JSON.stringify(refused)).not.toMatch(/stranger|eve@|fay@/);
});

test('an address with a letter that folds into one of an invited address is another address', async () => {
  await invite('frank@example.com');
  const { status, said } = await signIn('fran\u212a@example.com');
  expect([status, said.error?.message]).toEqual([403, expect.stringContaining('beyond ASCII')]);
});

test('whoever is disabled, locked out by wrong passwords, or has an address that was another person’s stays out', async () => {
  const gone = await join('gone@example.com');
  expect((await signIn('gone@example.com')).status).toBe(200);
  expectStatus(200, await admin.post(`/api/v1/members/${gone.id}/disable`, because));
  expect((await signIn('gone@example.com')).said.error?.message).toContain('disabled');

  await join('locked@example.com');
  for (let n = 0; n < 5; n++) await post('/api/v1/session', { email: 'locked@example.com', password: `wrong ${n}` });
  expect((await signIn('locked@example.com')).said.error?.message).toContain('locked out');

  const heir = await join('heir@example.com');
  expect((await signIn('heir@example.com', { sub: 'first' })).status).toBe(200);
  expect((await signIn('heir@example.com', { sub: 'second' })).said.error?.message).toContain('Somebody else');
  expectStatus(200, await admin.post(`/api/v1/members/${heir.id}/invite`, because));
  expect((await signIn('heir@example.com', { sub: 'second' })).status).toBe(200);
  const refused = await audited('SIGN_IN_REFUSED');
  expect(refused.slice(0, 3).map(({ object_id }) => object_id)).toContain(gone.id);
  expect(new Set(refused.map(({ actor_id }) => actor_id))).toEqual(new Set(['aos']));
});

test('what one browser has begun no other can finish, and nobody twice', async () => {
  await join('once@example.com');
  issuer.account = { sub: 'once', email: 'once@example.com', email_verified: true };
  const [mine, theirs] = [await cameBack(), await cameBack()];
  const statusOf = async (cookie: string, back: object) => (await finish(cookie, back)).status;
  expect(await statusOf('', mine.back)).toBe(401);
  expect(await statusOf(theirs.cookie, mine.back)).toBe(401);
  // The state alone is not enough: the code was asked for with another verifier and nonce.
  expect(await statusOf(mine.cookie, { ...mine.back, code: theirs.back.code })).toBe(401);
  const fresh = await cameBack();
  expect(await statusOf(fresh.cookie, { ...fresh.back, iss: 'https://evil.test' })).toBe(401);
  const last = await cameBack();
  expect(await statusOf(last.cookie, last.back)).toBe(200);
  expect(await statusOf(last.cookie, last.back)).toBe(401);
});

test('another site can neither begin a sign-in nor finish one', async () => {
  const { cookie, back } = await cameBack();
  for (const headers of [{ origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }]) {
    expect((await post('/api/v1/session/oidc', {}, headers)).status).toBe(403);
    expect((await post('/api/v1/session/oidc/finish', back, { cookie, ...headers })).status).toBe(403);
  }
  const elsewhere = await post('/api/v1/session/oidc', {}, { origin: app.url });
  expect(elsewhere.said.error?.message).toContain(`open the console there`);
});

test('too many refused ones lock an address out of this way alone', async () => {
  const other = await startApp(() => {}, settings(issuer));
  try {
    issuer.account = { sub: 'x', email: 'x@example.com', email_verified: true };
    const statuses = [];
    for (let n = 0; n < 11; n++) {
      const { cookie, back } = await cameBack(issuer, other);
      statuses.push((await finish(cookie, back, other)).status);
    }
    expect(statuses).toEqual([...Array(10).fill(403), 429]);
    expect((await post('/api/v1/session', { key: other.admin_key }, {}, other)).status).toBe(200);
  } finally {
    await other.close();
  }
});

test('claims in the identity token are enough; a provider that is gone is said to be, and locks nobody out', async () => {
  const short = await startIssuer(return_url, true);
  const other = await startApp(() => {}, settings(short));
  try {
    short.account = { sub: 'y', email: 'y@example.com', email_verified: true };
    expectStatus(201, await api(other).post('/api/v1/members', { email: 'y@example.com', role: 'viewer' }));
    const { cookie, back } = await cameBack(short, other);
    expect((await finish(cookie, back, other)).status).toBe(200);
    expect(short.requests).not.toContain('/me');
    const late = await cameBack(short, other);
    await short.close();
    for (let n = 0; n < 12; n++) expect((await finish(late.cookie, late.back, other)).status).toBe(502);
    expect((await post('/api/v1/session', { key: other.admin_key }, {}, other)).status).toBe(200);
    expect(other.deps.logged.join('\n')).not.toContain(short.client_secret);
  } finally {
    await other.close();
  }
});

test('where no provider is configured nothing of it is there', async () => {
  const plain = await startApp();
  try {
    const session = async (of: TestApp) => (await fetch(`${of.url}/api/v1/session`)).json();
    expect(await session(plain)).toEqual({ signed_in: false });
    expect(await session(app)).toEqual({ signed_in: false, has_oidc: true });
    expect((await post('/api/v1/session/oidc', {}, { origin: plain.url }, plain)).status).toBe(404);
  } finally {
    await plain.close();
  }
});
