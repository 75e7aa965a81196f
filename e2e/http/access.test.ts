import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@aos/core/base/json.ts';
import { describe, expect, test } from 'vitest';
import { api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { admin, app, as, fresh, ledgerOf, reason, refused, withApi } from './access-parts.ts';
import { rowsOf } from './rows.ts';

withApi();

describe('making a key', () => {
  test('shows it once; later only its hint is seen, and the database has no more', async () => {
    const key = await makeKey(admin, { name: 'shop', role: 'service' });
    expect(key.secret).toMatch(/^aos_live_[0-9A-Za-z]{38}$/);
    expect(key.hint).toBe(`${key.secret.slice(0, 8)}…${key.secret.slice(-4)}`);
    const seen = expectStatus(200, await admin.get(`/api/v1/api-keys/${key.id}`));
    expect(seen).toEqual({ ...key, secret: undefined, policies: { total: 0, first: [] } });
    const everything = await Promise.all(
      ['api_keys', 'audit_ledger'].map((table) => rowsOf(app.database.url, `select * from aos.${table}`)),
    );
    expect(JSON.stringify(everything)).not.toContain(key.secret);
  });

  test('is for keys that may do as much, in every combination of roles', async () => {
    const roles = ['owner', 'admin', 'policy_author', 'approver', 'operator', 'auditor', 'viewer', 'service'];
    const makers = { owner: roles, admin: roles.filter((role) => role !== 'owner') };
    for (const [maker, may_make] of Object.entries(makers)) {
      const client = await as({ role: maker });
      for (const role of roles) {
        const answer = await client.post('/api/v1/api-keys', { name: 'x', role });
        expect([maker, role, answer.status]).toEqual([maker, role, may_make.includes(role) ? 201 : 403]);
      }
    }
  });

  test('stays within the project of the key that makes it, but for owners', async () => {
    const { id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug: fresh('other') }));
    const client = await as({ role: 'admin' });
    expectStatus(201, await client.post('/api/v1/api-keys', { name: 'x' }));
    await refused(client.post('/api/v1/api-keys', { name: 'x', project_id: id }), 403, /another project/);
    await refused(client.post('/api/v1/api-keys', { name: 'x', project_id: null }), 403, /whole tenant/);
    const other = expectStatus(201, await admin.post<JsonObject>('/api/v1/api-keys', { name: 'x', project_id: id }));
    expect(other.project_id).toBe(id);
    for (const [what, body] of Object.entries({ rotate: {}, revoke: {}, bind: { agent_ids: [] } })) {
      await refused(client.post(`/api/v1/api-keys/${other.id}/${what}`, { reason, ...body }), 403, /another project/);
    }
    const everywhere = await as({ role: 'admin', project_id: null });
    expectStatus(201, await everywhere.post('/api/v1/api-keys', { name: 'x', project_id: id }));
  });

  test('stays within what the key that makes it is bound to', async () => {
    const [bound, free] = [fresh('bound'), fresh('free')];
    const client = await as({ role: 'admin', agent_ids: [bound] });
    expectStatus(201, await client.post('/api/v1/api-keys', { name: 'x', agent_ids: [bound] }));
    await refused(client.post('/api/v1/api-keys', { name: 'x' }), 403, /agent_ids.*beyond/);
    await refused(client.post('/api/v1/api-keys', { name: 'x', agent_ids: [bound, free] }), 403, /agent_ids.*beyond/);
  });

  test('refuses what cannot be: a past expiry, an unknown project or id', async () => {
    const past = { name: 'x', expires_at: '2020-01-01T00:00:00.000Z' };
    await refused(admin.post('/api/v1/api-keys', past), 400, /expires_at has passed/);
    await refused(admin.post('/api/v1/api-keys', { name: 'x', project_id: 'nowhere' }), 400, /names no project/);
    const nobody = 'agt_01m82tqt65e05bhz1rdfzg9k5g';
    await refused(admin.post('/api/v1/api-keys', { name: 'x', agent_ids: [nobody] }), 400, /no agent of this tenant/);
  });
});

describe('a key that exists', () => {
  const live = async (secret: string) => {
    const { status } = await api(app, secret).get('/api/v1/projects');
    expect([200, 401]).toContain(status);
    return status === 200;
  };

  test('is rotated: a new secret of the same lineage, the old one until its overlap ends', async () => {
    const old = await makeKey(admin, { role: 'viewer', agent_ids: [fresh('agent')] });
    const path = `/api/v1/api-keys/${old.id}/rotate`;
    const next = expectStatus(200, await admin.post<KeyBody>(path, { reason, overlap_seconds: 3600 }));
    expect(next).toMatchObject({
      lineage_id: old.lineage_id,
      rotated_from: old.id,
      role: 'viewer',
      agent_ids: old.agent_ids,
    });
    expect([await live(old.secret), await live(next.secret)]).toEqual([true, true]);
    await refused(admin.post(path, { reason, overlap_seconds: 60 }), 409, new RegExp(`already, to ${next.id}`));
    const last = expectStatus(200, await admin.post<KeyBody>(`/api/v1/api-keys/${next.id}/rotate`, { reason }));
    expect(last.lineage_id).toBe(old.id);
    expect([await live(next.secret), await live(last.secret)]).toEqual([false, true]);
    await refused(admin.post(`/api/v1/api-keys/${next.id}/rotate`, { reason }), 409, /has expired/);
  });

  test('is revoked for good, at once, and a second time without harm', async () => {
    const key = await makeKey(admin, { role: 'viewer' });
    const revoke = () => admin.post<KeyBody>(`/api/v1/api-keys/${key.id}/revoke`, { reason });
    const revoked = expectStatus(200, await revoke());
    expect(await live(key.secret)).toBe(false);
    expect(expectStatus(200, await revoke())).toEqual(revoked);
    await refused(admin.post(`/api/v1/api-keys/${key.id}/rotate`, { reason }), 409, /is revoked/);
  });

  test('of the last owner is not revoked', async () => {
    const { api_key } = expectStatus(
      201,
      await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug: fresh('tenant') }),
    );
    const owner = api(app, api_key.secret);
    await refused(owner.post(`/api/v1/api-keys/${api_key.id}/revoke`, { reason }), 409, /last owner key/);
    const second = await makeKey(owner, { role: 'owner' });
    expectStatus(200, await owner.post(`/api/v1/api-keys/${api_key.id}/revoke`, { reason }));
    expect(await live(second.secret)).toBe(true);
  });

  test('is bound to agents and actors by id or slug, known or new', async () => {
    const key = await makeKey(admin);
    const { id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/agents', { slug: fresh('known') }));
    const path = `/api/v1/api-keys/${key.id}/bind`;
    const [new_agent, human] = [fresh('new'), fresh('human')];
    const bound = expectStatus(
      200,
      await admin.post<KeyBody>(path, { reason, agent_ids: [id, new_agent], actor_ids: [human] }),
    );
    const agent = expectStatus(200, await admin.get(`/api/v1/agents/${new_agent}`));
    expect(agent).toMatchObject({ auto_registered: true, project_id: key.project_id });
    expect(bound.agent_ids).toEqual([id, agent.id]);
    expect(expectStatus(200, await admin.get(`/api/v1/actors/${human}`))).toMatchObject({ kind: 'human' });
    const free = expectStatus(200, await admin.post<KeyBody>(path, { reason, agent_ids: [] }));
    expect([free.agent_ids, free.actor_ids]).toEqual([[], bound.actor_ids]);
    await refused(admin.post(path, { reason }), 400, /agent_ids, actor_ids or both/);
  });

  test('of a higher role is out of reach', async () => {
    const owner = await makeKey(admin, { role: 'owner' });
    const client = await as({ role: 'admin' });
    for (const [what, body] of Object.entries({ rotate: {}, revoke: {}, bind: { agent_ids: [] } })) {
      await refused(client.post(`/api/v1/api-keys/${owner.id}/${what}`, { reason, ...body }), 403, /may do more/);
    }
    expect(await live(owner.secret)).toBe(true);
  });
});

test('a project keeps what is not named, and is found by id or slug', async () => {
  const made = expectStatus(201, await admin.post('/api/v1/projects', { slug: fresh('p'), name: 'Shop' }));
  expect(made).toMatchObject({ auto_register: true, default_output_bound: 4096, content_mode: 'none' });
  const changed = expectStatus(200, await admin.put(`/api/v1/projects/${made.slug}`, { auto_register: false }));
  expect(changed).toEqual({ ...made, auto_register: false });
  const policies = { total: 0, first: [] };
  expect(expectStatus(200, await admin.get(`/api/v1/projects/${made.id}`))).toEqual({ ...changed, policies });
  await refused(admin.put(`/api/v1/projects/${made.id}`, {}), 400, /must name what to change/);
});

test('lists turn page by page, newest first, and count what is there', async () => {
  const slugs = Array.from({ length: 5 }, () => fresh('paged'));
  for (const slug of slugs) expectStatus(201, await admin.post('/api/v1/actors', { slug }));
  type Actors = { items: { slug: string }[]; next_cursor: string | null; total: number };
  const first = expectStatus(200, await admin.get<Actors>('/api/v1/actors?limit=3'));
  const second = expectStatus(200, await admin.get<Actors>(`/api/v1/actors?limit=2&cursor=${first.next_cursor}`));
  expect([...first.items, ...second.items].map(({ slug }) => slug)).toEqual(slugs.reverse());
  expect(first.total).toBeGreaterThanOrEqual(5);
});

test('a tenant comes with a project, the mock provider and an owner, and stands alone', async () => {
  const slug = fresh('tenant');
  const made = expectStatus(
    201,
    await admin.post<JsonObject & { api_key: KeyBody }>('/api/v1/tenants', { slug, name: 'ACME' }),
  );
  expect(made).toMatchObject({ slug, name: 'ACME', api_key: { role: 'owner' } });
  const owner = api(app, made.api_key.secret);
  const slugsOf = async (path: string) =>
    expectStatus(200, await owner.get<{ items: { slug: string }[] }>(path)).items.map((item) => item.slug);
  expect([await slugsOf('/api/v1/projects'), await slugsOf('/api/v1/providers')]).toEqual([['default'], ['mock']]);
  await refused(owner.post('/api/v1/tenants', { slug: fresh('t') }), 403, /owners of the first tenant/);
  await refused(admin.post('/api/v1/tenants', { slug }), 409, /already/);
  await refused(admin.post('/api/v1/tenants', { slug: 'installation' }), 409, /already/);
});

describe('the ledger', () => {
  test('has one entry for every change, with who, what, why and the request, and never a secret', async () => {
    const made = await admin.post<KeyBody>('/api/v1/api-keys', { name: 'watched', role: 'viewer' });
    const { id } = expectStatus(201, made);
    await admin.post(`/api/v1/api-keys/${id}/bind`, { reason: 'bind it', actor_ids: [fresh('actor')] });
    await admin.post(`/api/v1/api-keys/${id}/rotate`, { reason: 'rotate it', overlap_seconds: 60 });
    await admin.post(`/api/v1/api-keys/${id}/revoke`, { reason: 'revoke it' });
    const entries = await ledgerOf(id);
    expect(entries.map(({ event, reason }) => [event, reason])).toEqual([
      ['KEY_CREATED', null],
      ['KEY_BOUND', 'bind it'],
      ['KEY_ROTATED', 'rotate it'],
      ['KEY_REVOKED', 'revoke it'],
    ]);
    expect(entries[0]).toMatchObject({
      before: null,
      after: { name: 'watched' },
      request_id: made.headers.get('x-request-id'),
    });
    expect(entries[3]?.before).toMatchObject({ revoked_at: null });
    expect(entries[3]?.after?.revoked_at).not.toBeNull();
  });

  test('has every kind of change, and each raises the control epoch', async () => {
    const epoch = async () => {
      const [row] = await rowsOf<{ control_epoch: string }>(
        app.database.url,
        "select control_epoch from aos.tenants where slug = 'default'",
      );
      return BigInt(row?.control_epoch ?? 0);
    };
    const changes: [string, () => Promise<{ status: number; body: JsonObject }>][] = [
      ['PROJECT_CREATED', () => admin.post('/api/v1/projects', { slug: 'ledgered' })],
      ['PROJECT_CHANGED', () => admin.put('/api/v1/projects/ledgered', { name: 'x' })],
      ['AGENT_CREATED', () => admin.post('/api/v1/agents', { slug: 'ledgered', owner: 'team-one' })],
      ['AGENT_CHANGED', () => admin.put('/api/v1/agents/ledgered', { owner: null })],
      ['ACTOR_CREATED', () => admin.post('/api/v1/actors', { slug: 'ledgered' })],
      ['PROVIDER_CREATED', () => admin.post('/api/v1/providers', { slug: 'ledgered', kind: 'openai', secret: 's' })],
      ['PROVIDER_CHANGED', () => admin.put('/api/v1/providers/ledgered', { secret: 't' })],
      ['PROVIDER_DISABLED', () => admin.del('/api/v1/providers/ledgered')],
      [
        'PRICE_CREATED',
        () => admin.post('/api/v1/prices', { provider: 'x', model: 'y', input_usd_per_million: 1, reason }),
      ],
    ];
    for (const [event, change] of changes) {
      const before = await epoch();
      const { body } = await change();
      const entries = await ledgerOf(String(body.id));
      expect([event, entries.at(-1)?.event]).toEqual([event, event]);
      expect(await epoch()).toBeGreaterThan(before);
    }
  });

  test('tells whose an agent and a project are, until nobody is named', async () => {
    for (const kind of ['agents', 'projects']) {
      const slug = fresh('owned');
      expect(expectStatus(201, await admin.post(`/api/v1/${kind}`, { slug }))).toMatchObject({ owner: null });
      const change = (body: object) => admin.put<JsonObject>(`/api/v1/${kind}/${slug}`, body);
      expect(expectStatus(200, await change({ owner: 'team-support' }))).toMatchObject({ owner: 'team-support' });
      expect(expectStatus(200, await change({ name: 'Renamed' }))).toMatchObject({ owner: 'team-support' });
      const { id } = expectStatus(200, await change({ owner: null }));
      expect(expectStatus(200, await admin.get(`/api/v1/${kind}/${slug}`))).toMatchObject({ owner: null });
      const told = (await ledgerOf(String(id))).map(({ before, after }) => [before, after] as [JsonObject, JsonObject]);
      expect(told.at(-1)?.map(({ owner }) => owner)).toEqual(['team-support', null]);
      expect((await change({ owner: 'a\nb' })).status).toBe(400);
    }
  });

  test('that cannot be written stops the change', async () => {
    const slug = fresh('unwritten');
    const deny = (what: string) =>
      rowsOf(app.database.url, `${what} insert on aos.audit_ledger ${what === 'revoke' ? 'from' : 'to'} aos_runtime`);
    await deny('revoke');
    try {
      expect((await admin.post('/api/v1/projects', { slug })).status).toBe(500);
      expect((await admin.post('/api/v1/api-keys', { name: slug })).status).toBe(500);
    } finally {
      await deny('grant');
    }
    expect((await admin.get(`/api/v1/projects/${slug}`)).status).toBe(404);
    expect(await rowsOf(app.database.url, 'select from aos.api_keys where name = $1', [slug])).toHaveLength(0);
  });
});

describe('what binds a key and an agent', () => {
  interface Bound {
    slug?: string;
    policies: { total: number; first: { name: string; by: string; mode: string }[] };
  }
  const namesOf = ({ policies: { total, first } }: Bound) => {
    expect(total).toBe(first.length);
    return first.map(({ name, by }) => `${name} by ${by}`);
  };

  test('are the policies in force that its calls can meet, in the lists as alone', async () => {
    const project = fresh('bound-project');
    const agent = fresh('bound-agent');
    const { id: project_id } = expectStatus(
      201,
      await admin.post<{ id: string }>('/api/v1/projects', { slug: project }),
    );
    const key = await makeKey(admin, { project_id, agent_ids: [agent], actor_ids: ['ana'] });
    const other = await makeKey(admin, { project_id });
    const viewer = await makeKey(admin, { project_id, role: 'viewer' });
    const activate = async (name: string, target: object) => {
      const controls = [{ limit: { type: 'requests', max: 1000, window: { per: 'day' } }, action: 'warn' }];
      const { id } = expectStatus(
        201,
        await admin.post<{ id: string }>('/api/v1/policies', { name, target, controls }),
      );
      expectStatus(200, await admin.post(`/api/v1/policies/${id}/activate`, { reason }));
      return id;
    };
    await activate('of the agent', { kind: 'agent', ids: [agent] });
    await activate('of the key', { kind: 'api_key', ids: [key.id] });
    await activate('of the human', { kind: 'actor', ids: ['ana'] });
    const wide = await activate('of the project', { kind: 'project', ids: [project], except_ids: [other.id] });

    const alone = async (id: string) => namesOf(expectStatus(200, await admin.get<Bound>(`/api/v1/api-keys/${id}`)));
    const all = [
      'of the human by actor',
      'of the key by api_key',
      'of the agent by agent',
      'of the project by project',
    ];
    expect(await alone(key.id)).toEqual(all);
    expect(await alone(other.id)).toEqual([]);
    expect(await alone(viewer.id)).toEqual([]);
    const listed = expectStatus(
      200,
      await admin.get<{ items: (Bound & { id: string })[] }>(`/api/v1/api-keys?project=${project}`),
    );
    expect(listed.items.map((of) => [of.id, namesOf(of)])).toEqual([
      [viewer.id, []],
      [other.id, []],
      [key.id, all],
    ]);
    const agents = expectStatus(200, await admin.get<{ items: Bound[] }>(`/api/v1/agents?project=${project}`));
    expect(agents.items.map((of) => [of.slug, namesOf(of)])).toEqual([[agent, all.slice(2)]]);

    const projects = expectStatus(200, await admin.get<{ items: Bound[] }>('/api/v1/projects?limit=200'));
    expect(projects.items.filter(({ slug }) => slug === project).map(namesOf)).toEqual([all.slice(3)]);
    expect(namesOf(expectStatus(200, await admin.get<Bound>(`/api/v1/projects/${project}`)))).toEqual(all.slice(3));

    expectStatus(200, await admin.post(`/api/v1/policies/${wide}/disable`, { reason }));
    expect(namesOf(expectStatus(200, await admin.get<Bound>(`/api/v1/agents/${agent}`)))).toEqual(all.slice(2, 3));
    expectStatus(200, await admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason }));
    expect(await alone(key.id)).toEqual([]);
  });
});

test('keys are found by text, state, role and by not being bound; agents by text', async () => {
  const word = fresh('finch');
  const names = async (query: string) =>
    expectStatus(200, await admin.get<{ items: { name: string }[]; total: number }>(`/api/v1/${query}`)).items.map(
      ({ name }) => name.slice(word.length + 1),
    );
  const make = (name: string, fields: object = {}) => makeKey(admin, { name: `${word} ${name}`, ...fields });
  await make('free');
  await make('bound', { agent_ids: [`${word}-bot`] });
  await make('viewer', { role: 'viewer' });
  await make('second', { agent_ids: [`${word}-bot`] });
  const gone = await make('gone', { agent_ids: [`${word}-bot`] });
  expectStatus(200, await admin.post(`/api/v1/api-keys/${gone.id}/revoke`, { reason }));
  const late = await make('late', { expires_at: new Date(Date.now() + 300).toISOString() });
  await sleep(400);
  const keys = `api-keys?q=${word}`;
  expect(await names(keys)).toEqual(['late', 'gone', 'second', 'viewer', 'bound', 'free']);
  expect(await names(`api-keys?q=${late.id}`)).toEqual(['late']);
  expect(await names(`${keys}&state=live`)).toEqual(['second', 'viewer', 'bound', 'free']);
  expect(await names(`${keys}&state=revoked,expired`)).toEqual(['late', 'gone']);
  expect(await names(`${keys}&role=viewer`)).toEqual(['viewer']);
  expect(await names(`${keys}&state=live&unbound=true`)).toEqual(['free']);
  expect(await names(`api-keys?q=${word}%25`)).toEqual([]);
  expect(await names(`agents?q=${word.toUpperCase()}`)).toEqual(['bot']);
  const bot = expectStatus(
    200,
    await admin.get<{ keys: { total: number; first: { name: string }[] } }>(`/api/v1/agents/${word}-bot`),
  );
  expect(bot.keys).toMatchObject({ total: 2, first: [{ name: `${word} second` }, { name: `${word} bound` }] });
  for (const query of ['state=lost', 'role=king', 'unbound=no', 'q='])
    expect((await admin.get(`/api/v1/api-keys?${query}`)).status).toBe(400);
});
