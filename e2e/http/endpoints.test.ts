import { mayDo, type Permission, type Role, roles } from '@aos/core/access/permission.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { all_endpoints } from '@aos/core/api/index.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';
import { sampleBody } from './samples.ts';

const endpoints = Object.entries<Endpoint>(all_endpoints).map(([name, endpoint]) => ({ ...endpoint, name }));
const guarded = endpoints.filter(({ permission }) => permission !== 'public');

/** Names of collections, with the kind of id of their objects. */
const kinds = {
  projects: 'project',
  agents: 'agent',
  actors: 'actor',
  'api-keys': 'api_key',
  members: 'user',
  providers: 'provider',
  policies: 'policy',
  'policies/previews': 'preview',
  overrides: 'override',
  exemptions: 'exemption',
  limits: 'control',
  runs: 'run',
  approvals: 'approval',
  containments: 'stop',
  channels: 'channel',
  alerts: 'alert',
  deliveries: 'delivery',
  incidents: 'incident',
  'activity/signals': 'signal',
  decisions: 'decision',
  views: 'view',
  'logs/llm-runs': 'record',
  'logs/audit': 'event',
  'logs/system': 'event',
} as const;
type Collection = keyof typeof kinds;

let app: TestApp;
/** Keys of the first tenant by role; `owner of another tenant` is no role and has no say here. */
const keys = new Map<Role | 'owner of another tenant', string>();
/** The id of an object of each collection, in another tenant. */
const theirs = new Map<string, string>();

beforeAll(async () => {
  app = await startApp();
  const admin = api(app);
  for (const role of roles) keys.set(role, (await makeKey(admin, { role })).secret);
  const { api_key } = expectStatus(201, await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug: 'other' }));
  keys.set('owner of another tenant', api_key.secret);
  const other = api(app, api_key.secret);
  for (const collection of Object.keys(kinds)) {
    if (collection === 'overrides') await makeExceptions(other, theirs.get('policies') ?? '');
    const id = await someObject(other, collection);
    if (id !== null) theirs.set(collection, id);
  }
});
afterAll(() => app.close());

/** Overrides and exemptions are made at their policy. */
async function makeExceptions(client: Api, policy_id: string): Promise<void> {
  const path = `/api/v1/policies/${policy_id}`;
  const policy = expectStatus(200, await client.get<{ controls: { id: string }[] }>(path));
  const common = { hours: 1, reason: 'a sample' };
  const raise = { control_id: policy.controls[0]?.id, amount: 1, ...common };
  expectStatus(201, await client.post(`${path}/overrides`, raise));
  expectStatus(201, await client.post(`${path}/exemptions`, { kind: 'agent', id: 'sample', ...common }));
}

/** What a collection holds in this tenant; made when it can be made, null when it is empty. */
async function someObject(client: Api, collection: string): Promise<string | null> {
  const path = `/api/v1/${collection}`;
  const made = endpoints.find(
    (endpoint) => endpoint.method === 'POST' && endpoint.path === path && endpoint.permission !== 'installation',
  );
  const of = collection === 'incidents' ? { run_id: theirs.get('runs') } : {};
  if (made) {
    const body = { ...(sampleBody(made) as object), ...of };
    return expectStatus(made.status, await client.post<{ id: string }>(path, body)).id;
  }
  if (
    !endpoints.some(
      (endpoint) => endpoint.method === 'GET' && endpoint.path === path && readable.has(endpoint.permission),
    )
  )
    return null;
  const { items } = expectStatus(200, await client.get<{ items: { id: string }[] }>(path));
  return items[0]?.id ?? null;
}

const readable = new Set<string>(['read', 'read_logs']);

/** `/api/v1/logs/audit/:id` → `logs/audit`. */
const collectionOf = (path: string): string => path.split('/:')[0]?.replace('/api/v1/', '') ?? '';
const randomId = (path: string): string => makeId(kinds[collectionOf(path) as Collection] ?? 'event');
const withId = (path: string, id: string): string => path.replace(':id', encodeURIComponent(id));

interface Sent {
  key?: string | undefined;
  query?: string;
  body?: string;
  type?: string;
}

async function send(
  { method, path }: Endpoint,
  { key, query = '', body, type = 'application/json' }: Sent,
  id = randomId(path),
) {
  const answer = await fetch(`${app.url}${withId(path, id)}${query}`, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    code: (JSON.parse(text) as { error?: { code: string } }).error?.code,
  };
}

const bodyOf = (endpoint: Endpoint): { body?: string } =>
  endpoint.method === 'GET' ? {} : { body: JSON.stringify(sampleBody(endpoint)) };
const title = ({ method, path }: Endpoint): string => `${method} ${path}`;

test('every endpoint has an address of its own below /api/v1', () => {
  expect(new Set(endpoints.map(title)).size).toBe(endpoints.length);
  expect(endpoints.filter(({ path }) => !path.startsWith('/api/v1/'))).toEqual([]);
});

/** Collections whose objects only calls, or the process itself, make: what is no id of anybody stands for them. */
const made_by_calls = new Set([
  'runs',
  'decisions',
  'incidents',
  'activity/signals',
  'logs/llm-runs',
  'logs/system',
  'limits',
  'approvals',
  'alerts',
  'deliveries',
  'policies/previews',
]);

test('there is an object of another tenant to ask for, in every collection', () => {
  const asked = endpoints.filter(({ path }) => path.includes(':id')).map(({ path }) => collectionOf(path));
  expect(asked.filter((collection) => !theirs.has(collection) && !made_by_calls.has(collection))).toEqual([]);
});

describe.each(guarded.map((endpoint) => [title(endpoint), endpoint] as const))('%s', (_title, endpoint) => {
  const { permission } = endpoint;
  const permitted = (role: Role): boolean => mayDo(role, permission as Permission);

  test('is for nobody without a good key, and says nothing else', async () => {
    const without = await send(endpoint, bodyOf(endpoint));
    const bad = await send(endpoint, { ...bodyOf(endpoint), key: 'aos-but-not-one-of-ours-at-all' });
    expect([without.status, without.code, bad.status]).toEqual([401, 'unauthenticated', 401]);
    expect(bad.text).toBe(without.text);
  });

  test('is for no role without the permission', async () => {
    const strangers: (Role | 'owner of another tenant')[] = roles.filter((role) => !permitted(role));
    if (permission === 'installation') strangers.push('owner of another tenant');
    // Every role may see its own.
    if (permission !== 'read_own_runs') expect(strangers.length).toBeGreaterThan(0);
    for (const who of strangers) {
      const answer = await send(endpoint, { ...bodyOf(endpoint), key: keys.get(who) });
      expect([who, answer.status, answer.code, answer.headers.get('x-should-retry')]).toEqual([
        who,
        403,
        'forbidden',
        'false',
      ]);
    }
  });

  test('refuses a query that it does not know', async () => {
    const answer = await send(endpoint, { ...bodyOf(endpoint), key: keys.get('owner'), query: '?nonsense=1' });
    expect([answer.status, answer.code]).toEqual([400, 'invalid_query']);
    expect(answer.text).toContain('nonsense');
  });

  if (endpoint.method !== 'GET')
    test('refuses a body that it cannot read', async () => {
      const key = keys.get('owner');
      const wrong: [Sent, number, string][] = [
        [{ body: '{"nonsense":1}' }, 400, 'invalid_body'],
        [{ body: '{' }, 400, 'invalid_body'],
        [{ body: '[]' }, 400, 'invalid_body'],
        [{ body: '{}', type: 'text/plain' }, 415, 'unsupported_media_type'],
      ];
      for (const [sent, status, code] of wrong) {
        const answer = await send(endpoint, { ...sent, key });
        expect([sent.body, answer.status, answer.code]).toEqual([sent.body, status, code]);
      }
    });

  if (endpoint.path.includes(':id'))
    test('answers for what another tenant has as for what nobody has', async () => {
      const key = keys.get('owner');
      const nobodys = await send(endpoint, { ...bodyOf(endpoint), key });
      expect([nobodys.status, nobodys.code]).toEqual([404, 'not_found']);
      const id = theirs.get(collectionOf(endpoint.path)) ?? randomId(endpoint.path);
      const others = await send(endpoint, { ...bodyOf(endpoint), key }, id);
      expect([others.status, others.text]).toEqual([404, nobodys.text]);
    });
});

describe('a run that a key began', () => {
  test('is read with that key and what takes its place, and is not there for another that may not read', async () => {
    const admin = api(app);
    const service = (await makeKey(admin, { role: 'service' })) as KeyBody;
    const mine = api(app, service.secret);
    const body = { goal: 'x', agent_id: 'sample', mode: 'external' };
    const made = expectStatus(202, await mine.post<{ id: string }>('/api/v1/runs', body));
    const path = `/api/v1/runs/${made.id}`;
    expect(expectStatus(200, await mine.get<{ id: string }>(path)).id).toBe(made.id);
    for (const part of ['/steps', '/decisions']) expectStatus(200, await mine.get(path + part));

    const rotated = expectStatus(
      200,
      await admin.post<KeyBody>(`/api/v1/api-keys/${service.id}/rotate`, { reason: 'a test' }),
    );
    expectStatus(200, await api(app, rotated.secret).get(path));
    const other = api(app, keys.get('service') ?? '');
    const [theirs, nobodys] = [await other.get(path), await other.get(`/api/v1/runs/${makeId('run')}`)];
    expect([theirs.status, theirs.text]).toEqual([404, nobodys.text]);
    for (const part of ['/steps', '/trace', '/decisions']) expect((await other.get(path + part)).status).toBe(404);
    expectStatus(200, await api(app, keys.get('viewer') ?? '').get(path));
  });
});
