import { sibling } from '@aos/core/base/id.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { incidentRow, openRows, type Rows, recordRow, runRow, type Whose } from './rows.ts';

interface List {
  items: { id: string }[];
  total: number;
}

let app: TestApp;
let rows: Rows;
const at = Date.now() - 60_000;

/** One run with everything that can hang on it, of one owner. */
interface Belongings {
  run: ReturnType<typeof runRow>;
  incident_id: string;
  event_id: string;
  system_id: string;
}
const runOf = new Map<string, Belongings>();

async function makeBelongings(name: string, whose: Whose): Promise<void> {
  const run = runRow(whose, at);
  const { tenant_id } = whose;
  const of_call = { tenant_id, run_id: run.id, decision_id: sibling(run.id, 'decision'), is_synthetic: false };
  const incident = incidentRow(run, makeId('policy'));
  await rows.insert('runs', [run]);
  await rows.insert('traces', [
    { tenant_id, id: sibling(run.id, 'trace'), run_id: run.id, started_at: run.created_at },
  ]);
  await rows.insert('step_rows', [
    {
      ...of_call,
      id: sibling(run.id, 'step'),
      trace_id: sibling(run.id, 'trace'),
      kind: 'llm',
      skill: 'llm',
      params: {},
      status: 'succeeded',
      started_at: run.created_at,
      ended_at: run.created_at,
      duration_ms: 1,
    },
  ]);
  await rows.query('insert into snapshots select $1, $2, $2, \'{"policies":[]}\', now() on conflict do nothing', [
    tenant_id,
    run.policy_snapshot_id,
  ]);
  await rows.insert('llm_run_records', [recordRow(run)]);
  await rows.insert('incidents', [incident]);
  const entry = { tenant_id, id: makeId('event'), occurred_at: run.created_at };
  await rows.insert('audit_ledger', [
    {
      ...entry,
      event: 'INCIDENT_CREATED',
      actor_type: 'system',
      actor_id: 'aos',
      object_type: 'incident',
      object_id: incident.id,
      project_id: whose.project_id,
      run_id: run.id,
      recorded_at: run.created_at,
    },
  ]);
  const system = { ...entry, id: makeId('event') };
  await rows.insert('system_records', [
    {
      ...system,
      component: 'AUTH',
      event_type: 'AUTH_CHANGE',
      severity: 'INFO',
      summary: 'x',
      details: {},
      caused_by: 'HUMAN',
    },
  ]);
  runOf.set(name, { run, incident_id: incident.id, event_id: entry.id, system_id: system.id });
}

const clients = new Map<string, Api>();
const as = (name: string): Api => {
  const client = clients.get(name);
  if (!client) throw new Error(`no client ${name}`);
  return client;
};
const of = (name: string): Belongings => {
  const found = runOf.get(name);
  if (!found) throw new Error(`nothing of ${name}`);
  return found;
};

beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  const admin = api(app);
  clients.set('owner', admin);
  const { id: side } = expectStatus(
    201,
    await admin.post<{ id: string }>('/api/v1/projects', { slug: 'side', name: 'Side' }),
  );
  const [main] = await rows.query<{ id: string; tenant_id: string }>(
    "select id, tenant_id from projects where slug = 'default'",
  );
  if (!main) throw new Error('the first boot makes a project');
  const { api_key } = expectStatus(201, await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug: 'other' }));
  clients.set('other', api(app, api_key.secret));
  clients.set('of main', api(app, (await makeKey(admin, { role: 'auditor', project_id: main.id })).secret));
  clients.set('of side', api(app, (await makeKey(admin, { role: 'auditor', project_id: side })).secret));
  clients.set('of all', api(app, (await makeKey(admin, { role: 'auditor', project_id: null })).secret));
  const [other] = await rows.query<{ id: string; tenant_id: string }>(
    "select p.id, p.tenant_id from projects p join tenants t on t.id = p.tenant_id where t.slug = 'other'",
  );
  if (!other) throw new Error('a tenant is made with a project');
  await makeBelongings('main', { tenant_id: main.tenant_id, project_id: main.id });
  await makeBelongings('side', { tenant_id: main.tenant_id, project_id: side });
  await makeBelongings('other', { tenant_id: other.tenant_id, project_id: other.id });
});
afterAll(async () => {
  await rows?.close();
  await app?.close();
});

/** Who sees whose objects. */
const sight: Record<string, string[]> = {
  owner: ['main', 'side'],
  'of all': ['main', 'side'],
  'of main': ['main'],
  'of side': ['side'],
  other: ['other'],
};

/** Every single object, by whom it belongs to. */
const objects: [path: string, id: (of: Belongings) => string][] = [
  ['/api/v1/runs/:id', ({ run }) => run.id],
  ['/api/v1/runs/:id/trace', ({ run }) => run.id],
  ['/api/v1/runs/:id/steps', ({ run }) => run.id],
  ['/api/v1/runs/:id/decisions', ({ run }) => run.id],
  ['/api/v1/decisions/:id', ({ run }) => sibling(run.id, 'decision')],
  ['/api/v1/incidents/:id', ({ incident_id }) => incident_id],
  ['/api/v1/incidents/:id/timeline', ({ incident_id }) => incident_id],
  ['/api/v1/logs/llm-runs/:id', ({ run }) => sibling(run.id, 'record')],
  ['/api/v1/logs/audit/:id', ({ event_id }) => event_id],
];

/** Every list, with what stands in it for one run. */
const lists: [path: string, id: (of: Belongings) => string][] = [
  ['/api/v1/runs', ({ run }) => run.id],
  ['/api/v1/activity/completed', ({ run }) => run.id],
  ['/api/v1/incidents', ({ incident_id }) => incident_id],
  ['/api/v1/incidents?category=EXECUTION_SUCCESS', ({ run }) => run.id],
  ['/api/v1/logs/llm-runs', ({ run }) => sibling(run.id, 'record')],
  ['/api/v1/logs/audit?event=INCIDENT_CREATED', ({ event_id }) => event_id],
];

test('a view is seen by those of its project, or by everybody, and taken back by those it is shared by', async () => {
  const admin = api(app);
  const project = async (slug: string) =>
    expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug })).id;
  const [east, west] = [await project('views-east'), await project('views-west')];
  const keyOf = async (project_id: string) => api(app, (await makeKey(admin, { role: 'operator', project_id })).secret);
  const [in_east, in_west] = [await keyOf(east), await keyOf(west)];
  const body = { path: '/incidents', name: 'Grave ones', search: 'severity=CRITICAL' };
  const shared = expectStatus(201, await in_east.post<{ id: string; project_id: string }>('/api/v1/views', body));
  expect(shared.project_id).toBe(east);
  const wide = expectStatus(201, await admin.post<{ id: string }>('/api/v1/views', { ...body, name: 'For all' }));
  expect((await in_west.post('/api/v1/views', { ...body, project_id: east })).status).toBe(403);
  expect((await in_east.post('/api/v1/views', body)).status).toBe(409);
  for (const wrong of [{ path: '//evil.example' }, { path: 'incidents' }, { search: 'a b' }, { search: '#x' }])
    expect((await in_east.post('/api/v1/views', { ...body, ...wrong })).status).toBe(400);
  const seen = async (client: Api) =>
    expectStatus(200, await client.get<List>('/api/v1/views?path=/incidents')).items.map(({ id }) => id);
  expect(await seen(in_east)).toEqual([wide.id, shared.id]);
  expect(await seen(in_west)).toEqual([wide.id]);
  expect((await in_west.del(`/api/v1/views/${shared.id}`)).status).toBe(404);
  expectStatus(200, await in_east.del(`/api/v1/views/${shared.id}`));
  expect(await seen(admin)).toEqual([wide.id]);
});

describe.each(Object.entries(sight))('a key %s', (who, sees) => {
  test.each(objects)('gets %s of its own, and for the others the answer of a random id', async (path, idOf) => {
    const get = (id: string) => as(who).get(path.replace(':id', id));
    const example = idOf(of('main'));
    const nobodys = await get(`${example.slice(0, 4)}${makeId('event').slice(4)}`);
    expect(nobodys.status).toBe(404);
    for (const owner of runOf.keys()) {
      const answer = await get(idOf(of(owner)));
      if (sees.includes(owner)) expect([owner, answer.status]).toEqual([owner, 200]);
      else expect([owner, answer.status, answer.text]).toEqual([owner, 404, nobodys.text]);
    }
  });

  test.each(lists)('finds in %s its own and nothing else', async (path, idOf) => {
    const { items, total } = expectStatus(200, await as(who).get<List>(path));
    expect(items.map((item) => item.id).sort()).toEqual(sees.map((owner) => idOf(of(owner))).sort());
    expect(total).toBe(sees.length);
  });

  test('counts its own calls and nothing else', async () => {
    const path = `/api/v1/activity/metrics?from=${new Date(at - 1_000).toISOString()}`;
    const { totals } = expectStatus(200, await as(who).get<{ totals: { calls: number } }>(path));
    expect(totals.calls).toBe(sees.length);
  });

  test('narrows to a project it does not see without learning that it is there', async () => {
    const { items } = expectStatus(200, await as(who).get<List>('/api/v1/runs?project=side'));
    expect(items.length).toBe(sees.includes('side') ? 1 : 0);
  });
});

describe('system records', () => {
  const read = async (who: string, query = '') =>
    expectStatus(200, await as(who).get<List>(`/api/v1/logs/system${query}`)).items.map((item) => item.id);
  const refused = async (who: string) => (await as(who).get('/api/v1/logs/system?include=installation')).status;

  test('are those of the tenant, and none for a key of one project', async () => {
    expect(await read('of all')).toContain(of('main').system_id);
    expect(await read('of all')).not.toContain(of('other').system_id);
    expect(await read('of main')).toEqual([]);
    expect((await as('of main').get(`/api/v1/logs/system/${of('main').system_id}`)).status).toBe(404);
    expect((await as('other').get(`/api/v1/logs/system/${of('main').system_id}`)).status).toBe(404);
  });

  test('of the installation are for its owners only', async () => {
    const [installation] = await rows.query<{ id: string }>("select id from tenants where slug = 'installation'");
    const id = makeId('event');
    const record = {
      component: 'API',
      event_type: 'STARTUP',
      severity: 'INFO',
      summary: 'x',
      details: {},
      caused_by: 'SYSTEM',
    };
    await rows.insert('system_records', [
      { ...record, tenant_id: installation?.id, id, occurred_at: new Date().toISOString() },
    ]);
    expect(await read('owner', '?include=installation')).toEqual(expect.arrayContaining([id, of('main').system_id]));
    expect(await read('owner')).not.toContain(id);
    expect([await refused('of all'), await refused('other')]).toEqual([403, 403]);
    expect((await as('owner').get(`/api/v1/logs/system/${id}`)).status).toBe(200);
    expect((await as('of all').get(`/api/v1/logs/system/${id}`)).status).toBe(404);
  });
});
