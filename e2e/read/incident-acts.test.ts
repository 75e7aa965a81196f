import { most_at_once } from '@aos/core/incidents/act.ts';
import { makeId } from '@aos/server/base/deps.ts';
import type { Govern } from '@aos/server/govern/govern.ts';
import { wake_incidents } from '@aos/server/worker/wake-incidents.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { firstProject, incidentRow, openRows, type Rows, runRow, type Whose } from './rows.ts';

interface Incident {
  id: string;
  status: string;
  owner: string | null;
  acknowledged_until: string | null;
  cause: string | null;
}
interface Entry {
  id: string;
  event: string;
  level: string;
  reason: string | null;
  actor_type: string | null;
}

let app: TestApp;
let rows: Rows;
let operator: Api;
let whose: Whose;
beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  operator = api(app, (await makeKey(api(app), { name: 'on call', role: 'operator', project_id: null })).secret);
  whose = await firstProject(rows);
});
afterAll(async () => {
  await rows?.close();
  await app?.close();
});

const path = '/api/v1/incidents';

/** Incidents of one group, opened by calls that no test has to make. */
async function opened(n: number, more: object = {}): Promise<string[]> {
  const policy_id = makeId('policy');
  const made = Array.from({ length: n }, (_, i) =>
    incidentRow(runRow(whose, Date.now() - 60_000 + i), policy_id, { status: 'open', ...more }),
  );
  await rows.insert('incidents', made);
  return made.map(({ id }) => id);
}

const one = async (n = 1): Promise<string> => (await opened(n))[0] ?? '';
const read = async (id: string) => expectStatus(200, await operator.get<Incident>(`${path}/${id}`));
const timeline = async (id: string) =>
  expectStatus(200, await operator.get<{ items: Entry[] }>(`${path}/${id}/timeline`)).items;
const wake = () => wake_incidents.run(app.deps as unknown as Govern);

test('an incident is acknowledged for a time, assigned, resolved with a cause and reopened, each once and on its timeline', async () => {
  const id = await one();
  const before = Date.now();
  const acknowledged = expectStatus(200, await operator.post<Incident>(`${path}/${id}/acknowledge`, {}));
  const lasts_h = (Date.parse(acknowledged.acknowledged_until ?? '') - before) / 3_600_000;
  expect([acknowledged.status, Math.round(lasts_h)]).toEqual(['acknowledged', 4]);
  expect(await read(id)).toMatchObject({ acknowledged_by_name: 'on call' });
  expect((await operator.post(`${path}/${id}/acknowledge`, {})).status).toBe(409);
  expectStatus(200, await operator.post(`${path}/${id}/assign`, { owner: 'Support team' }));
  expect((await operator.post(`${path}/${id}/resolve`, { reason: 'no cause given' })).status).toBe(400);
  const resolve = { cause: 'wrong_limit', reason: 'the cap was too low' };
  expect(expectStatus(200, await operator.post<Incident>(`${path}/${id}/resolve`, resolve))).toMatchObject({
    status: 'resolved',
    owner: 'Support team',
    cause: 'wrong_limit',
    acknowledged_until: null,
  });
  expect((await operator.post(`${path}/${id}/resolve`, resolve)).status).toBe(409);
  expect((await operator.post(`${path}/${id}/assign`, { owner: null })).status).toBe(409);
  expectStatus(200, await operator.post(`${path}/${id}/reopen`, { reason: 'still there' }));
  expect(await read(id)).toMatchObject({ status: 'open', cause: null });
  const events = (await timeline(id)).filter(({ event }) => event.startsWith('INCIDENT_'));
  expect(events).toMatchObject([
    { event: 'INCIDENT_ACKNOWLEDGED', level: 'story' },
    { event: 'INCIDENT_ASSIGNED', level: 'story' },
    { event: 'INCIDENT_RESOLVED', level: 'story', reason: 'the cap was too low' },
    { event: 'INCIDENT_REOPENED', level: 'story', reason: 'still there' },
  ]);
});

test('of several people who do the same with an incident at once, one does it', async () => {
  const id = await one();
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => operator.post(`${path}/${id}/acknowledge`, { hours: 1 })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  expect((await timeline(id)).filter(({ event }) => event === 'INCIDENT_ACKNOWLEDGED')).toHaveLength(1);
});

test('a whole group is changed at once; what is in another state or another group stays as it is', async () => {
  const group = await opened(7);
  const other = await one();
  expectStatus(200, await operator.post(`${path}/${group[3]}/acknowledge`, {}));
  const act = { kind: 'acknowledge', hours: 2, reason: 'looking' };
  const changed = expectStatus(
    200,
    await operator.post<{ changed: string[]; remaining: number }>(`${path}/bulk`, { like: group[0], act }),
  );
  expect([changed.changed.length, changed.remaining]).toEqual([6, 0]);
  expect((await read(other)).status).toBe('open');
  const some = expectStatus(
    200,
    await operator.post<{ changed: string[]; skipped: unknown[] }>(`${path}/bulk`, {
      ids: [group[0], other],
      act: { kind: 'reopen', reason: 'a mistake' },
    }),
  );
  expect(some).toMatchObject({ changed: [group[0]], skipped: [{ id: other, status: 'open' }] });
  const unknown = await operator.post(`${path}/bulk`, { ids: [other, makeId('incident')], act });
  expect([unknown.status, (await read(other)).status]).toEqual([404, 'open']);
});

test('of a group only what a list has is changed, and what was acknowledged is told for taking it back', async () => {
  const [first = '', second = '', third = '', busy = ''] = await opened(4);
  expectStatus(200, await operator.post(`${path}/${busy}/acknowledge`, { hours: 9 }));
  expectStatus(200, await operator.post(`${path}/${second}/assign`, { owner: 'Ann' }));
  expectStatus(200, await operator.post(`${path}/${third}/assign`, { owner: 'Ann' }));
  const resolve = { kind: 'resolve', cause: 'expected', reason: 'a test' };
  const change = async (among: object) =>
    expectStatus(
      200,
      await operator.post<{ changed: string[]; acknowledged: { id: string; until: string }[] }>(`${path}/bulk`, {
        ...{ like: first, among, act: resolve },
      }),
    );
  expect(await change({ status: ['open'], owner: ['Ann'] })).toMatchObject({ changed: [second, third] });
  expect(await change({ status: ['open'], owner: ['!Ann'], from: '2020-01-01' })).toMatchObject({ changed: [first] });
  expect((await read(busy)).status).toBe('acknowledged');
  const { acknowledged_until } = await read(busy);
  const { changed, acknowledged } = await change({ status: ['acknowledged'] });
  expect([changed, acknowledged]).toEqual([[busy], [{ id: busy, until: acknowledged_until, escalates: null }]]);
  const alone = await operator.post(`${path}/bulk`, { ids: [first], among: {}, act: resolve });
  expect(alone.status).toBe(400);
});

test('an acknowledgement that is over, and a breach that goes on after it was resolved, come back into the queue', async () => {
  const past = new Date(Date.now() - 1_000).toISOString();
  const later = new Date().toISOString();
  const [expired = ''] = await opened(1, { status: 'acknowledged', acknowledged_until: past });
  const [held = ''] = await opened(1, {
    status: 'acknowledged',
    acknowledged_until: new Date(Date.now() + 60_000).toISOString(),
  });
  const resolved = { status: 'resolved', resolved_at: past, last_occurred_at: later };
  const [recurred = ''] = await opened(1, { ...resolved, cause: 'breach' });
  const [expected = ''] = await opened(1, { ...resolved, cause: 'expected' });
  await wake();
  await wake();
  const states = await Promise.all([expired, held, recurred, expected].map(async (id) => (await read(id)).status));
  expect(states).toEqual(['open', 'acknowledged', 'open', 'resolved']);
  const reopened = (await timeline(expired)).filter(({ event }) => event === 'INCIDENT_REOPENED');
  expect(reopened).toMatchObject([{ actor_type: 'system', reason: 'its acknowledgement is over' }]);
});

test('a person opens one of a run by hand: the only one of its run and policy, on its trace and in the ledger', async () => {
  const run = runRow(whose, Date.now());
  await rows.insert('runs', [run]);
  await rows.query(
    `insert into traces (tenant_id, id, run_id, started_at) values ('${run.tenant_id}', 'trc' || substr('${run.id}', 4), '${run.id}', now())`,
  );
  const said = { run_id: run.id, category: 'SAFETY_VIOLATION', severity: 'HIGH', title: 'It promised a refund' };
  const open = (more: object) => operator.post<Incident>(path, { ...said, reason: 'a customer called', ...more });
  expect((await open({ reason: '' })).status).toBe(400);
  expect((await open({ category: 'EXECUTION_SUCCESS' })).status).toBe(400);
  expect((await open({ run_id: makeId('run') })).status).toBe(404);
  expect((await open({ policy_id: makeId('policy') })).status).toBe(404);
  const answers = await Promise.all([1, 2, 3].map(() => open({})));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  const opened = answers.find(({ status }) => status === 201)?.body as Incident;
  expect(opened).toMatchObject({ title: said.title, status: 'open', violation_policy_id: 'SYSTEM_DEFAULT' });
  expect(JSON.stringify(answers.find(({ status }) => status === 409)?.body)).toContain(opened.id);
  expect(await rows.query('select incident_id from traces where run_id = $1', [run.id])).toEqual([
    { incident_id: opened.id },
  ]);
  expect(await timeline(opened.id)).toMatchObject([
    { event: 'INCIDENT_CREATED', level: 'story', reason: 'a customer called', actor_type: 'service' },
  ]);
  const viewer = api(app, (await makeKey(api(app), { role: 'viewer' })).secret);
  expect((await viewer.post(path, { ...said, reason: 'no' })).status).toBe(403);
});

test('one that is snoozed comes back before its time when more is violated alike than was taken into account', async () => {
  const snooze = { hours: 24, escalates: { more_than: 2, hours: 1 } };
  const [first = '', second = ''] = await opened(2);
  const [quiet = ''] = await opened(1);
  expectStatus(200, await operator.post(`${path}/bulk`, { like: first, act: { kind: 'acknowledge', ...snooze } }));
  expectStatus(200, await operator.post(`${path}/${quiet}/acknowledge`, { hours: 24 }));
  expect(await read(first)).toMatchObject({ status: 'acknowledged', escalates: snooze.escalates });
  expect((await operator.post(`${path}/${quiet}/acknowledge`, { escalates: { more_than: 0, hours: 1 } })).status).toBe(
    400,
  );
  const happens = async (id: string, at_ms = Date.now()) => {
    const occurred_at = new Date(at_ms).toISOString();
    const [of] = await rows.query<{ run_id: string; policy_id: string }>(
      `update incidents set last_occurred_at = greatest(last_occurred_at, $2) where id = $1
        returning source_run_id as run_id, violation_policy_id as policy_id`,
      [id, occurred_at],
    );
    const row = {
      ...{ tenant_id: whose.tenant_id, id: makeId('violation'), decision_id: makeId('decision'), incident_id: id },
      ...{ policy_version: 1, control_id: makeId('control'), control_type: 'cost_usd', mode: 'enforce' },
      ...{ action: 'block', category: 'BUDGET_EXCEEDED', severity: 'HIGH', subject: 'x', is_synthetic: false },
      ...{ ...of, occurred_at },
    };
    await rows.insert('violations', [row]);
  };
  for (const id of [first, second, quiet, quiet, quiet]) await happens(id);
  await happens(first, Date.now() - 30_000);
  await wake();
  expect((await read(first)).status).toBe('acknowledged');
  await happens(second);
  await wake();
  const states = await Promise.all([first, second, quiet].map(async (id) => (await read(id)).status));
  expect(states).toEqual(['open', 'open', 'acknowledged']);
  const reopened = (await timeline(second)).filter(({ event }) => event === 'INCIDENT_REOPENED');
  expect(reopened).toMatchObject([{ actor_type: 'system', reason: 'it escalated: >2/1h' }]);
  expect(await read(second)).toMatchObject({ escalates: null, acknowledged_until: null });
});

test('groups say who has them, until when, and how they came in the last day', async () => {
  const [id = ''] = await opened(3);
  const like = (act: object) => operator.post(`${path}/bulk`, { like: id, act });
  expectStatus(200, await like({ kind: 'assign', owner: 'Ann' }));
  expectStatus(200, await like({ kind: 'acknowledge', hours: 3 }));
  const policy = (await read(id)) as Incident & { violation_policy_id: string };
  const { items } = expectStatus(
    200,
    await operator.get<{ items: { owner: string; acknowledged_until: string; last_day: number[] }[] }>(
      `${path}?group=policy,agent,category&policy=${policy.violation_policy_id}`,
    ),
  );
  expect(items).toMatchObject([{ owner: 'Ann', acknowledged: 3 }]);
  expect(items[0]?.last_day).toHaveLength(24);
  expect(items[0]?.last_day.reduce((all, n) => all + n, 0)).toBe(3);
});

test('a group is given to somebody at once: who has it already, and what is dealt with, is left as it is', async () => {
  const group = await opened(most_at_once + 5);
  const [first = '', second = ''] = group;
  const resolve = { cause: 'expected', reason: 'a test' };
  expectStatus(200, await operator.post(`${path}/${first}/resolve`, resolve));
  const give = (owner: string | null, client = operator) =>
    client.post<{ changed: string[]; skipped: object[]; remaining: number }>(`${path}/bulk`, {
      like: second,
      act: { kind: 'assign', owner },
    });
  const counts = async (owner: string | null) => {
    const { changed, skipped, remaining } = expectStatus(200, await give(owner));
    return [changed.length, skipped.length, remaining];
  };
  expect(await counts('Ann')).toEqual([most_at_once, 0, 4]);
  expect(await counts('Ann')).toEqual([4, 0, 0]);
  expect(await counts('Ann')).toEqual([0, 0, 0]);
  const owners = await rows.query<{ owner: string | null; n: number }>(
    'select owner, count(*)::int as n from incidents where id = any ($1) group by owner order by owner',
    [group],
  );
  expect(owners).toEqual([
    { owner: 'Ann', n: most_at_once + 4 },
    { owner: null, n: 1 },
  ]);
  const told = await rows.query<{ n: number }>(
    `select count(*)::int as n from audit_ledger where event = 'INCIDENT_ASSIGNED' and object_id = any ($1)`,
    [group],
  );
  expect(told).toEqual([{ n: most_at_once + 4 }]);
  expectStatus(201, await api(app).post('/api/v1/projects', { slug: 'elsewhere' }));
  const { secret } = await makeKey(api(app), { role: 'operator', project_id: 'elsewhere' });
  expect((await give('Eve', api(app, secret))).status).toBe(404);
  const viewer = await makeKey(api(app), { role: 'viewer', project_id: null });
  expect((await give('Eve', api(app, viewer.secret))).status).toBe(403);
});
