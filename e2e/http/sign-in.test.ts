import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
let admin: Api;
beforeAll(async () => {
  app = await startApp();
  admin = api(app);
});
afterAll(() => app.close());

const path = '/api/v1/session';
const body = (key: string) => JSON.stringify({ key });
const json = { 'content-type': 'application/json' };

const signIn = (key: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}${path}`, { method: 'POST', body: body(key), headers: { ...json, origin: app.url, ...headers } });

const cookieOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';

/** What the API answers to a browser with this cookie. */
async function ask(cookie: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(`${app.url}${path}`, { method, headers: { cookie, ...headers } });
  return { status: answer.status, body: (await answer.json()) as { signed_in?: boolean; role?: string } };
}

const projects = (cookie: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/api/v1/projects`, { headers: { cookie, ...headers } }).then((answer) => answer.status);

test('a browser that signs in holds a cookie that no script and no other site can use, and never the key', async () => {
  const answer = await signIn(app.admin_key);
  expect([answer.status, await answer.json()]).toMatchObject([200, { signed_in: true, role: 'owner' }]);
  const sent = answer.headers.get('set-cookie') ?? '';
  expect(sent).toMatch(/^__Host-aos_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
  expect(sent).not.toContain(app.admin_key);
  const cookie = cookieOf(answer);
  expect((await ask(cookie)).body).toMatchObject({ signed_in: true });
  expect(await projects(cookie)).toBe(200);
  const [row] = await app.deps.db.tenant(
    ((await admin.get<{ tenant: { id: string } }>(path)).body.tenant as { id: string }).id,
    (tx) => tx.query<{ token_hash: string }>('select token_hash from sign_ins order by id desc limit 1'),
  );
  expect(cookie).not.toContain(row?.token_hash ?? '-');
});

test('a request that another page made is refused, whatever the cookie', async () => {
  const cookie = cookieOf(await signIn(app.admin_key));
  expect(await projects(cookie, { origin: 'https://elsewhere.test' })).toBe(403);
  expect(await projects(cookie, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await projects(cookie, { 'sec-fetch-site': 'same-site' })).toBe(403);
  expect(await projects(cookie, { origin: 'null' })).toBe(403);
  expect(await projects(cookie, { origin: app.url, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect((await signIn(app.admin_key, { origin: 'https://elsewhere.test' })).status).toBe(403);
});

test('a key in a header is who asks, whatever the cookie says', async () => {
  const cookie = cookieOf(await signIn(app.admin_key));
  const viewer = await makeKey(admin, { role: 'viewer' });
  const seen = await ask(cookie, { authorization: `Bearer ${viewer.secret}` });
  expect(seen.body).toMatchObject({ signed_in: true, role: 'viewer' });
});

test('a session ends when its browser signs out', async () => {
  const cookie = cookieOf(await signIn(app.admin_key));
  expect((await ask(cookie, { origin: app.url }, 'DELETE')).body).toEqual({ signed_in: false });
  expect((await ask(cookie)).body).toEqual({ signed_in: false });
  expect(await projects(cookie)).toBe(401);
  const { items } = (await admin.get<{ items: { event: string }[] }>('/api/v1/logs/audit?event=SIGNED_*')).body;
  expect((items as { event: string }[]).map(({ event }) => event)).toContain('SIGNED_OUT');
});

test('a session ends with the key that opened it', async () => {
  const key = await makeKey(admin, { role: 'operator' });
  const cookie = cookieOf(await signIn(key.secret));
  expect(await projects(cookie)).toBe(200);
  expectStatus(200, await admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason: 'left the team' }));
  expect(await projects(cookie)).toBe(401);
});

test('a session that has expired, and a token that was made up, are nobody', async () => {
  const cookie = cookieOf(await signIn(app.admin_key));
  const { body: session } = await admin.get<{ tenant: { id: string } }>(path);
  const { id } = session.tenant as { id: string };
  await app.deps.db.tenant(id, (tx) => tx.query("update sign_ins set expires_at = now() - interval '1 second'"));
  expect(await projects(cookie)).toBe(401);
  expect(await projects(`__Host-aos_session=${'a'.repeat(43)}`)).toBe(401);
});

test('after ten failures from one address even the right key must wait; keys in headers still work', async () => {
  for (let n = 0; n < 10; n++) expect((await signIn(`aos_test_wrong_key_number_${n}_000`)).status).toBe(401);
  const locked = await signIn(app.admin_key);
  expect([locked.status, Number(locked.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect((await admin.get('/api/v1/projects')).status).toBe(200);
});
