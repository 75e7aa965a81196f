import { request } from 'node:http';
import { chargeAttempt, noteSuccess } from '@aos/server/store/members.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';
import { signedIn } from './person.ts';
import { document as capOf, otherKeysOf, type Policy, type Tried, ways } from './ways-into-force.ts';

interface Member {
  id: string;
  email: string;
  role: string;
  status: string;
  api_key_id: string;
  invite_url: string;
}

let app: TestApp;
let admin: Api;
beforeAll(async () => {
  app = await startApp();
  admin = api(app);
});
afterAll(() => app?.close());

const path = '/api/v1/members';
const password = 'a long enough pass phrase';
const because = { reason: 'a test' };

const invite = async (email: string, role = 'operator', client = admin) =>
  expectStatus(201, await client.post<Member>(path, { email, role }));
const tokenOf = ({ invite_url }: Member): string => new URL(invite_url).hash.slice(1);
const accept = (token: string, chosen = password) => api(app, null).post(`${path}/accept`, { token, password: chosen });

async function signIn(email: string, with_password = password) {
  const answer = await fetch(`${app.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: app.url },
    body: JSON.stringify({ email, password: with_password }),
  });
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  return { status: answer.status, text: await answer.text(), cookie };
}

const asked = (cookie: string, what: string, method = 'GET', body?: object) =>
  fetch(`${app.url}${what}`, {
    method,
    headers: { cookie, origin: app.url, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });

/** Somebody who has joined. */
async function joined(email: string, role = 'operator'): Promise<Member> {
  const member = await invite(email, role);
  expectStatus(200, await accept(tokenOf(member)));
  return member;
}

test('a person is invited with a link that is good once, chooses a password and signs in with the role given', async () => {
  const member = await invite('Ann@Example.com');
  expect(member).toMatchObject({ email: 'ann@example.com', status: 'invited' });
  expect((await signIn('ann@example.com')).status).toBe(401);
  expect((await accept(tokenOf(member), 'short')).status).toBe(400);
  expectStatus(200, await accept(tokenOf(member)));
  expect((await accept(tokenOf(member))).status).toBe(404);
  const { status, cookie } = await signIn('ann@example.com');
  expect([status, cookie.startsWith('__Host-aos_session=')]).toEqual([200, true]);
  const session = (await (await asked(cookie, '/api/v1/session')).json()) as { role: string };
  expect(session).toMatchObject({ signed_in: true, role: 'operator', api_key: { name: 'ann@example.com' } });
  expect((await asked(cookie, path, 'POST', { email: 'x@example.com', role: 'viewer' })).status).toBe(403);
  const again = await admin.post(path, { email: 'ANN@example.com', role: 'viewer' });
  expect(again.status).toBe(409);
});

test('neither the link nor the password stands anywhere it could be read', async () => {
  const member = await joined('keep@example.com');
  const rows = await app.deps.db.tenant(
    ((await admin.get<{ tenant: { id: string } }>('/api/v1/session')).body.tenant as { id: string }).id,
    async (tx) => [
      ...(await tx.query('select m::text as row from members m')),
      ...(await tx.query("select e::text as row from audit_ledger e where e.event like 'MEMBER_%'")),
    ],
  );
  const all = JSON.stringify(rows) + app.deps.logged.join('\n');
  expect(rows.length).toBeGreaterThan(2);
  expect(all).not.toContain(tokenOf(member));
  expect(all).not.toContain(password);
});

test('wrong passwords, unknown addresses and locked people are answered alike, and five in a row lock', async () => {
  await joined('bob@example.com');
  const unknown = await signIn('nobody@example.com');
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(await signIn('bob@example.com', `wrong ${i}`));
  const locked = await signIn('bob@example.com');
  const texts = [...answers, locked, unknown].map(({ status, text }) => [
    status,
    (JSON.parse(text) as { error: { message: string } }).error.message,
  ]);
  expect(new Set(texts.map(String)).size).toBe(1);
  const { items } = expectStatus(
    200,
    await admin.get<{ items: { event: string }[] }>('/api/v1/logs/audit?event=MEMBER_LOCKED'),
  );
  expect(items).toHaveLength(1);
});

test('a role that is changed is in force at once, and a person who is disabled is out at once', async () => {
  const member = await joined('cat@example.com', 'viewer');
  const { cookie } = await signIn('cat@example.com');
  const make = () => asked(cookie, '/api/v1/agents', 'POST', { slug: 'of-cat' });
  expect((await make()).status).toBe(403);
  expectStatus(200, await admin.put(`${path}/${member.id}`, { role: 'admin', ...because }));
  expect((await make()).status).toBe(201);
  expectStatus(200, await admin.post(`${path}/${member.id}/disable`, because));
  expect((await asked(cookie, '/api/v1/projects')).status).toBe(401);
  expect((await signIn('cat@example.com')).status).toBe(401);
  const enabled = expectStatus(200, await admin.post<Member>(`${path}/${member.id}/enable`, because));
  expectStatus(200, await accept(tokenOf(enabled)));
  expect((await signIn('cat@example.com')).status).toBe(200);
  const { items } = expectStatus(
    200,
    await admin.get<{ items: { event: string; reason: string | null }[] }>(`/api/v1/logs/audit?object=${member.id}`),
  );
  expect(items.map(({ event }) => event)).toEqual([
    'MEMBER_JOINED',
    'MEMBER_ENABLED',
    'MEMBER_DISABLED',
    'MEMBER_CHANGED',
    'MEMBER_JOINED',
    'MEMBER_INVITED',
  ]);
});

test('what a person does stands in the ledger as done by a human, by name', async () => {
  const member = await joined('dan@example.com', 'admin');
  const { cookie } = await signIn('dan@example.com');
  expect((await asked(cookie, '/api/v1/agents', 'POST', { slug: 'of-dan' })).status).toBe(201);
  const { items } = expectStatus(
    200,
    await admin.get<{ items: object[] }>(`/api/v1/logs/audit?event=AGENT_CREATED&actor=${member.api_key_id}`),
  );
  expect(items).toMatchObject([{ actor_type: 'human', actor_id: member.api_key_id }]);
});

test('nobody invites or changes beyond themselves, and the key of a person is no API key', async () => {
  const lead = api(app, (await makeKey(admin, { role: 'admin', project_id: null })).secret);
  expect((await lead.post(path, { email: 'eve@example.com', role: 'owner' })).status).toBe(403);
  const owner = await joined('own@example.com', 'owner');
  expect((await lead.put(`${path}/${owner.id}`, { role: 'viewer', ...because })).status).toBe(403);
  expect((await lead.post(`${path}/${owner.id}/disable`, because)).status).toBe(403);
  const { items } = expectStatus(200, await admin.get<{ items: { id: string }[] }>('/api/v1/api-keys?limit=200'));
  expect(items.map(({ id }) => id)).not.toContain(owner.api_key_id);
  for (const act of ['rotate', 'revoke', 'bind'])
    expect(
      (await admin.post(`/api/v1/api-keys/${owner.api_key_id}/${act}`, { ...because, agent_ids: [] })).status,
    ).not.toBe(200);
});

test('the last owner stays: keys of owners count, invitations do not', async () => {
  const { api_key } = expectStatus(
    201,
    await admin.post<{ api_key: { id: string; secret: string } }>('/api/v1/tenants', { slug: 'lone' }),
  );
  const first = api(app, api_key.secret);
  const owner = await invite('lone@example.com', 'owner', first);
  expect((await first.post(`/api/v1/api-keys/${api_key.id}/revoke`, because)).status).toBe(409);
  expectStatus(200, await accept(tokenOf(owner)));
  expectStatus(200, await first.post(`/api/v1/api-keys/${api_key.id}/revoke`, because));
  const { cookie } = await signIn('lone@example.com');
  expect((await asked(cookie, `${path}/${owner.id}/disable`, 'POST', because)).status).toBe(409);
  expect((await asked(cookie, `${path}/${owner.id}`, 'PUT', { role: 'viewer', ...because })).status).toBe(409);
});

/** From an address of its own, as the attempts of many machines come; answers the status. */
const signInFrom = (n: number, email: string, with_password: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', origin: app.url };
    const asking = request(`${app.url}/api/v1/session`, { method: 'POST', headers, localAddress: `127.0.1.${n}` });
    asking.on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0)));
    asking.on('error', reject);
    asking.end(JSON.stringify({ email, password: with_password }));
  });

async function inTenant<T extends object>(statement: string, ...values: string[]): Promise<T[]> {
  const { tenant } = (await admin.get<{ tenant: { id: string } }>('/api/v1/session')).body;
  return app.deps.db.tenant((tenant as { id: string }).id, (tx) => tx.query<T>(statement, values));
}

const attemptsOf = (id: string) =>
  inTenant<{ failed_attempts: number; is_locked: boolean }>(
    'select failed_attempts, locked_until > now() as is_locked from members where id = $1',
    id,
  );

test('forty passwords sent at once are five attempts: the right one among them is not let in', async () => {
  const { id } = await joined('many-at-once@example.com');
  const sent = Array.from({ length: 40 }, (_, n) => (n === 24 ? password : `wrong ${n}`));
  const statuses = await Promise.all(sent.map((each, n) => signInFrom(n + 1, 'many-at-once@example.com', each)));
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect(await attemptsOf(id)).toEqual([{ failed_attempts: 5, is_locked: true }]);
  expect(
    await inTenant('select id from audit_ledger where event = $1 and object_id = $2', 'MEMBER_LOCKED', id),
  ).toHaveLength(1);
});

test('from one address no more than ten are looked at, however many are sent at once', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 40 }, (_, n) => signInFrom(99, `unknown-${n}-${'x'.repeat(12)}@example.com`, 'wrong')),
  );
  expect(statuses.filter((status) => status === 401)).toHaveLength(10);
});

test('the fifth attempt is let in when it is right, and the count begins anew', async () => {
  const { id } = await joined('fifth-time@example.com');
  for (let n = 0; n < 4; n++) expect(await signInFrom(101, 'fifth-time@example.com', `wrong ${n}`)).toBe(401);
  expect(await signInFrom(101, 'fifth-time@example.com', password)).toBe(200);
  expect(await attemptsOf(id)).toEqual([{ failed_attempts: 0, is_locked: null }]);
});

test('a disabled person who is renamed or given another role stays shut out, and so does their key', async () => {
  const member = await joined('gone@example.com');
  const { cookie } = await signIn('gone@example.com');
  expectStatus(200, await admin.post(`${path}/${member.id}/disable`, because));
  expectStatus(200, await admin.put(`${path}/${member.id}`, { name: 'Gone', role: 'viewer', ...because }));
  // Even a session that somehow was not ended opens nothing.
  await inTenant('update sign_ins set ended_at = null where api_key_id = $1', member.api_key_id);
  expect((await asked(cookie, '/api/v1/projects')).status).toBe(401);
  expect((await signIn('gone@example.com')).status).toBe(401);
});

test('who is disabled while their password is being looked at gets no session', async () => {
  const member = await joined('while-hashing@example.com');
  const answer = signIn('while-hashing@example.com');
  await expect.poll(() => attemptsOf(member.id), { interval: 2 }).toMatchObject([{ failed_attempts: 1 }]);
  expectStatus(200, await admin.post(`${path}/${member.id}/disable`, because));
  const { status, cookie } = await answer;
  if (status === 200) expect((await asked(cookie, '/api/v1/projects')).status).toBe(401);
  const open = 'select id from sign_ins where api_key_id = $1 and ended_at is null';
  expect(await inTenant(open, member.api_key_id)).toEqual([]);
});

test('the right password is worth nothing once the person is disabled, has another or is locked out', async () => {
  const { id } = await joined('meanwhile@example.com');
  const { tenant } = (await admin.get<{ tenant: { id: string } }>('/api/v1/session')).body;
  const [at, locked_until] = [new Date().toISOString(), new Date(Date.now() + 60_000).toISOString()];
  const undone = new Error('undone');
  /** Whether somebody gets in whose attempt was charged before this happened. */
  const getsIn = async (change: string, most = 5): Promise<boolean | undefined> => {
    let answer: boolean | undefined;
    const work = app.deps.db.tenant((tenant as { id: string }).id, async (tx) => {
      const attempt = await chargeAttempt(tx, id, { most, locked_until, at });
      await tx.query(`update members set ${change} where id = $1`, [id]);
      answer = attempt && (await noteSuccess(tx, id, attempt, at));
      throw undone;
    });
    await expect(work).rejects.toBe(undone);
    return answer;
  };
  expect(await getsIn('name = name')).toBe(true);
  expect(await getsIn('name = name', 1)).toBe(true);
  expect(await getsIn("status = 'disabled'")).toBe(false);
  expect(await getsIn("password_hash = 'of another'")).toBe(false);
  expect(await getsIn("locked_until = now() + interval '1 hour'")).toBe(false);
});

test('a run that a person pauses says their name', async () => {
  const { api_key_id } = await joined('night@example.com');
  const { cookie } = await signIn('night@example.com');
  const body = { goal: 'to be paused', agent_id: 'paused-bot', mode: 'external' };
  const { id } = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', body));
  expect((await asked(cookie, `/api/v1/runs/${id}/pause`, 'POST', because)).status).toBe(200);
  const name = expectStatus(200, await admin.get<{ items: { email: string; name: string }[] }>(path)).items.find(
    ({ email }) => email === 'night@example.com',
  )?.name;
  expect(expectStatus(200, await admin.get(`/api/v1/runs/${id}`))).toMatchObject({
    pause: { by: { kind: 'person', id: api_key_id, name }, reason: because.reason, until: null, control_id: null },
  });
});

describe('where a project asks for two people', () => {
  type Person = Awaited<ReturnType<typeof signedIn>>;
  let owner: Api;
  let ann: Person;
  let bob: Person;
  let keys_of_ann: Api[];
  beforeAll(async () => {
    owner = await newTenant('of-two');
    for (const slug of ['paid', 'free']) expectStatus(201, await owner.post('/api/v1/projects', { slug }));
    [ann, bob] = [await signedIn(owner, 'ada@example.com'), await signedIn(owner, 'ben@example.com')];
    keys_of_ann = await otherKeysOf(ann, (secret) => api(app, secret));
    const rule = { two_person_rule: true, reason: 'money' };
    expectStatus(200, await owner.put('/api/v1/projects/paid', rule));
  });

  async function newTenant(slug: string): Promise<Api> {
    const made = await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug });
    return api(app, expectStatus(201, made).api_key.secret);
  }
  const attempts = async () =>
    (await owner.get<{ total: number }>('/api/v1/logs/audit?event=POLICY_APPROVAL_REFUSED')).body.total;
  const newest = async () => (await owner.get<{ items: Policy[] }>('/api/v1/policies?limit=1')).body.items[0];
  const isEnforced = ({ status, body }: Tried) => status === 200 && body.status === 'active' && body.mode === 'enforce';
  const standing = (of: Policy | undefined) => (of?.status === 'active' ? of.mode : of?.status);

  test.each(ways)('its author does not get it in force, somebody else does: $name', async (way) => {
    const people = { author: ann, other: bob, target: { kind: 'project', ids: ['paid'] } };
    const named = (n: number) => ({ name: `${way.name} ${n}` });
    const free = { target: { kind: 'project', ids: ['free'] }, actor: ann };
    expect(isEnforced(await way.take({ ...people, ...free, ...named(0) }))).toBe(true);
    for (const [n, actor] of [ann, ...keys_of_ann].entries()) {
      const [before, last] = [await attempts(), await newest()];
      const tried = await way.take({ ...people, actor, ...named(n + 1) });
      expect([tried.status, tried.body.error?.code]).toEqual([403, 'two_person_rule']);
      expect(tried.body.error.message).toMatch(/project paid.* ask somebody else/i);
      expect(await attempts()).toBeGreaterThan(before);
      if (way.from === null) expect((await newest())?.id).toBe(last?.id);
      else expect(standing(await newest())).toBe(way.from);
    }
    const tried = await way.take({ ...people, actor: owner, ...named(9) });
    expect(isEnforced(tried)).toBe(!way.is_own);
  });

  test('whatever may reach its calls is asked about, and what may not is free', async () => {
    const key = await makeKey(owner, { project_id: 'free' });
    const of_paid = await makeKey(owner, { project_id: 'paid' });
    const asked = async (target: object) => {
      const document = capOf({ target, name: 'Reach' });
      const made = expectStatus(201, await ann.post<Policy>('/api/v1/policies', document));
      const lint = await ann.post<{ second_person: string[] | null }>('/api/v1/policies/lint', { document });
      const { status } = await ann.post(`/api/v1/policies/${made.id}/activate`, { reason: 'a test' });
      const is_free = status === 200;
      expect(lint.body.second_person).toEqual(is_free ? null : ['paid']);
      const waiting = { projects: ['paid'], written_by: [{ id: ann.key_id, name: 'ada@example.com' }], is_you: true };
      expect(made.second_person).toEqual(is_free ? null : waiting);
      return is_free;
    };
    const targets: [object, boolean][] = [
      [{ kind: 'all_runs' }, false],
      [{ kind: 'agent', ids: ['bot'] }, false],
      [{ kind: 'actor', ids: ['kim'] }, false],
      [{ kind: 'api_key', ids: [key.id, of_paid.id] }, false],
      [{ kind: 'project', ids: ['free', 'paid'] }, false],
      [{ kind: 'project', ids: ['free'] }, true],
      [{ kind: 'api_key', ids: [key.id] }, true],
      [{ kind: 'all_runs', except_ids: ['paid'] }, true],
    ];
    for (const [target, is_free] of targets) expect([target, await asked(target)]).toEqual([target, is_free]);
  });

  test('it takes a second person to have the rule, and a second one to be rid of it', async () => {
    const host = await newTenant('of-one');
    expectStatus(201, await host.post('/api/v1/projects', { slug: 'dear' }));
    const turn = (by: Api, two_person_rule: boolean, reason?: string) =>
      by.put('/api/v1/projects/dear', { two_person_rule, ...(reason && { reason }) });
    expect((await turn(host, true, 'alone')).status).toBe(409);
    const kim = await signedIn(host, 'kim@example.com');
    const key_of_kim = api(app, (await makeKey(kim, { role: 'admin', project_id: null })).secret);
    expect((await turn(host, true)).status).toBe(400);
    expect((await turn(host, true, 'with Kim')).body).toMatchObject({ two_person_rule: true });
    expect((await turn(kim, false, 'in the way')).body).toMatchObject({
      two_person_rule: true,
      two_person_rule_end: { asked_by: kim.key_id, asked_by_name: 'kim@example.com', reason: 'in the way' },
    });
    for (const by of [kim, key_of_kim])
      expect((await turn(by, false, 'still')).body).toMatchObject({ error: { code: 'two_person_rule' } });
    expect((await turn(host, true, 'no')).body).toMatchObject({ two_person_rule: true, two_person_rule_end: null });
    expect((await turn(key_of_kim, false, 'again')).body).toMatchObject({ two_person_rule: true });
    expect((await turn(host, false, 'agreed')).body).toMatchObject({
      two_person_rule: false,
      two_person_rule_end: null,
    });
    const noted = await host.get<{ total: number }>('/api/v1/logs/audit?event=PROJECT_APPROVAL_REFUSED');
    expect(noted.body.total).toBe(2);
  });
});
