import { mayDo, mayGrant, type Permission, type Role, roles } from '@aos/core/access/permission.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { all_endpoints } from '@aos/core/api/index.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Api, api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';
import { sampleBody } from './samples.ts';

const guarded = Object.values<Endpoint>(all_endpoints).filter(({ permission }) => permission !== 'public');
const writing = guarded.filter(({ method }) => method !== 'GET' && method !== 'DELETE');
const reason = 'a test of what a key may do';

let app: TestApp;
let admin: Api;
const subjects = {
  project: new Map<string, string>(),
  agent: new Map<string, string>(),
  actor: new Map<string, string>(),
};

beforeAll(async () => {
  app = await startApp();
  admin = api(app);
  const ids = async (kind: keyof typeof subjects, slug: string, more: object = {}) => {
    const path = `/api/v1/${kind}s`;
    const { id } = expectStatus(201, await admin.post<{ id: string }>(path, { slug, ...more }));
    subjects[kind].set(slug, id);
  };
  for (const slug of ['here', 'there']) await ids('project', slug);
  for (const slug of ['one', 'two']) {
    await ids('agent', slug, { project_id: 'here' });
    await ids('actor', slug, { kind: 'human' });
  }
});
afterAll(() => app?.close());

const client = (key: KeyBody): Api => api(app, key.secret);

/** The path with an id that nobody has, so that whoever gets past the door changes nothing. */
function pathOf({ path, params }: Endpoint): string {
  const schema = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }) as Members;
  const prefix = /\^\(?([a-z]{3})_/.exec(schema.properties?.id?.pattern ?? '')?.[1];
  return path.replace(':id', prefix === undefined ? 'nobody' : `${prefix}_${'0'.repeat(26)}`);
}
type Members = { properties?: Record<string, { pattern?: string }> };

async function ask(with_key: Api, endpoint: Endpoint, body: unknown) {
  const path = pathOf(endpoint);
  switch (endpoint.method) {
    case 'GET':
      return with_key.get(path);
    case 'DELETE':
      return with_key.del(path);
    case 'PUT':
      return with_key.put(path, body);
    default:
      return with_key.post(path, body);
  }
}

/** How the endpoint takes the key; one whose events never end is left once it has said so. */
async function knock(with_key: Api, endpoint: Endpoint): Promise<{ status: number; text: string }> {
  if (!endpoint.events) return ask(with_key, endpoint, endpoint.method === 'GET' ? undefined : sampleBody(endpoint));
  const leave = new AbortController();
  const answer = await fetch(`${with_key.url}${pathOf(endpoint)}`, {
    headers: { authorization: `Bearer ${with_key.key}` },
    signal: leave.signal,
  });
  const is_open_end = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = is_open_end ? '' : await answer.text();
  leave.abort();
  return { status: answer.status, text };
}

describe.each(roles.map((role) => [role]))('the role %s', (role) => {
  test('opens the endpoints of its permissions and no other', async () => {
    const key = client(await makeKey(admin, { role, project_id: null }));
    for (const endpoint of guarded) {
      const may = mayDo(role, endpoint.permission as Permission);
      const { status, text } = await knock(key, endpoint);
      const place = `${role} ${endpoint.method} ${endpoint.path}`;
      const is_open = !text.includes('"forbidden"') && status !== 401 && status < 500;
      expect([place, is_open, is_open === may ? '' : text]).toEqual([place, may, '']);
      if (!may) expect([place, status]).toEqual([place, 403]);
    }
  });
});

/** Columns that decide whose a row is or what it counts for, and that no body may set where it does not name them. */
const columns = {
  tenant_id: `ten_${'0'.repeat(26)}`,
  id: `key_${'0'.repeat(26)}`,
  role: 'owner',
  is_synthetic: true,
  lineage_id: `key_${'0'.repeat(26)}`,
  created_by: `key_${'0'.repeat(26)}`,
  created_at: '2020-01-01T00:00:00.000Z',
  hash: '0'.repeat(64),
  secret_envelope: 'x',
  of_installation: true,
  control_epoch: 0,
  policy_snapshot_id: 'snp',
  outcome_record: 'SUCCESS',
  auto_registered: false,
};

/** Every member that a body's schema names at its top, whatever its alternatives. */
function membersOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const of = schema as Record<string, unknown>;
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => (Array.isArray(of[name]) ? (of[name] as unknown[]) : []));
  return [...Object.keys((of.properties as object | undefined) ?? {}), ...parts.flatMap(membersOf)];
}

describe.each(writing.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  '%s',
  (_title, endpoint) => {
    test('takes no column that its body does not name', async () => {
      const known = membersOf(z.toJSONSchema(endpoint.body, { io: 'input', unrepresentable: 'any' }));
      for (const [name, value] of Object.entries(columns)) {
        if (known.includes(name)) continue;
        const body = { ...(sampleBody(endpoint) as object), [name]: value };
        const answer = await ask(admin, endpoint, body);
        expect([name, answer.status, (answer.body as { error?: { code: string } }).error?.code]).toEqual([
          name,
          400,
          'invalid_body',
        ]);
        expect(answer.text).toContain(name);
      }
    });
  },
);

/** What a key may do, in the words of a request that makes one. */
interface Reach {
  role: Role;
  project_id: 'here' | 'there' | null;
  agent_ids: string[];
  actor_ids: string[];
  /** Days from now on; null: it lasts. */
  days: number | null;
}

const names = fc.constantFrom<string[]>([], ['one'], ['two'], ['one', 'two']);
const anyReach: fc.Arbitrary<Reach> = fc.record({
  role: fc.constantFrom<Role>('owner', 'admin', 'operator', 'viewer', 'service'),
  project_id: fc.constantFrom<Reach['project_id']>('here', 'there', null),
  agent_ids: names,
  actor_ids: names,
  days: fc.constantFrom(1, 2, null),
});
const anyMaker = anyReach.map((reach): Reach => ({ ...reach, role: reach.role === 'owner' ? 'owner' : 'admin' }));

const isPart = (of: string[], whole: string[]) =>
  whole.length === 0 || (of.length > 0 && of.every((name) => whole.includes(name)));

/** Said again and apart from the server: nothing of what is wanted goes beyond what the maker has. */
const isWithin = (wanted: Reach, maker: Reach): boolean =>
  mayGrant(maker.role, wanted.role) &&
  (maker.role === 'owner' || maker.project_id === null || wanted.project_id === maker.project_id) &&
  isPart(wanted.agent_ids, maker.agent_ids) &&
  isPart(wanted.actor_ids, maker.actor_ids) &&
  (maker.days === null || (wanted.days !== null && wanted.days <= maker.days));

/** An hour's worth of slack: the longer one is made later. */
const bodyOf = ({ days, ...reach }: Reach, now_ms: number) => ({
  name: 'x',
  ...reach,
  ...(days !== null && { expires_at: new Date(now_ms + days * 86_400_000).toISOString() }),
});

describe('a key', () => {
  const now_ms = Date.now();

  test('makes no key that may do more than itself, and every key that may not', async () => {
    await fc.assert(
      fc.asyncProperty(anyMaker, fc.array(anyReach, { minLength: 1, maxLength: 4 }), async (maker, many) => {
        const key = client(await makeKey(admin, bodyOf(maker, now_ms)));
        for (const wanted of many) {
          const { status } = await key.post('/api/v1/api-keys', bodyOf(wanted, now_ms));
          expect(status).toBe(isWithin(wanted, maker) ? 201 : 403);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('renews, binds and widens no key beyond itself, itself neither', async () => {
    await fc.assert(
      fc.asyncProperty(anyMaker, anyReach, names, async (maker, other, wider) => {
        const own = await makeKey(admin, bodyOf(maker, now_ms));
        const theirs = await makeKey(admin, bodyOf(other, now_ms));
        const key = client(own);
        const rotated = await key.post<KeyBody>(`/api/v1/api-keys/${theirs.id}/rotate`, {
          reason,
          overlap_seconds: 60,
        });
        expect(rotated.status).toBe(isWithin(other, maker) ? 200 : 403);
        const bound = await key.post(`/api/v1/api-keys/${own.id}/bind`, { agent_ids: wider, reason });
        expect(bound.status).toBe(isPart(wider, maker.agent_ids) ? 200 : 403);
      }),
      { numRuns: 40 },
    );
  });

  test('that ends cannot be made to last by renewing it or another one', async () => {
    const short = client(
      await makeKey(admin, bodyOf({ role: 'admin', project_id: null, agent_ids: [], actor_ids: [], days: 1 }, now_ms)),
    );
    const lasting = await makeKey(admin, { role: 'viewer', project_id: null });
    expect((await short.post('/api/v1/api-keys', { name: 'x', role: 'viewer' })).status).toBe(403);
    expect((await short.post(`/api/v1/api-keys/${lasting.id}/rotate`, { reason })).status).toBe(403);
    // Taking away is no gain: it may be revoked.
    expect((await short.post(`/api/v1/api-keys/${lasting.id}/revoke`, { reason })).status).toBe(200);
  });
});

describe('a key of one project', () => {
  let own: Api;
  let key_there: KeyBody;
  beforeAll(async () => {
    own = client(await makeKey(admin, { role: 'admin', project_id: 'here' }));
    key_there = await makeKey(admin, { role: 'viewer', project_id: 'there' });
    expectStatus(201, await admin.post('/api/v1/agents', { slug: 'stranger', project_id: 'there' }));
  });

  test('sees its own project, agents and keys, and not those of another', async () => {
    const there = subjects.project.get('there') ?? '';
    for (const path of [`projects/${there}`, 'projects/there', 'agents/stranger', `api-keys/${key_there.id}`]) {
      expect([path, (await own.get(`/api/v1/${path}`)).status]).toEqual([path, 404]);
    }
    expect((await own.get('/api/v1/projects/here')).status).toBe(200);
    expect((await own.get('/api/v1/agents/one')).status).toBe(200);
    for (const list of ['projects', 'agents', 'agents?project=there', 'api-keys', 'api-keys?project=there']) {
      const { text } = await own.get(`/api/v1/${list}`);
      expect([list, text.includes(there), text.includes('stranger')]).toEqual([list, false, false]);
    }
  });

  test('changes nothing of another project, and nothing that all projects share', async () => {
    const there = subjects.project.get('there') ?? '';
    expect((await own.put(`/api/v1/projects/${there}`, { name: 'taken' })).status).toBe(404);
    expect((await own.put('/api/v1/agents/stranger', { name: 'taken' })).status).toBe(404);
    expect((await own.post('/api/v1/agents', { slug: 'mine', project_id: 'there' })).status).toBe(403);
    expect((await own.post('/api/v1/agents', { slug: 'mine' })).status).toBe(201);
    expect((await own.post('/api/v1/projects', { slug: 'mine' })).status).toBe(403);
    expect((await own.post('/api/v1/providers', { slug: 'mine', kind: 'openai' })).status).toBe(403);
    expect((await own.put('/api/v1/providers/mock', { enabled: false })).status).toBe(403);
    const price = { provider: 'openai', model: 'x', input_usd_per_million: 0, reason };
    expect((await own.post('/api/v1/prices', price)).status).toBe(403);
  });
});
