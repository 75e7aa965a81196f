import { most_unresolved, type Signal } from '@aos/core/activity/signal.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { watch_signals } from '@aos/server/worker/watch-signals.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { hear } from '../parts/events.ts';
import { openRows, type Rows } from '../read/rows.ts';
import { type SignalList, signalsOf, type Worker, workerOn } from './watching.ts';

const path = '/api/v1/activity/signals';
const hour_ms = 3_600_000;

let app: TestApp;
let rows: Rows;
let worker: Worker;
let operator: Api;
let project: { id: string; tenant_id: string };
beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  worker = workerOn(app.database.url);
  operator = api(app, (await makeKey(api(app), { role: 'operator', project_id: null })).secret);
  const [row] = await rows.query<typeof project>("select id, tenant_id from projects where slug = 'default'");
  if (!row) throw new Error('the first boot makes a project');
  project = row;
});
afterAll(async () => {
  await worker?.close();
  await rows?.close();
  await app?.close();
});

/** A signal of a condition that does not hold, as a look would have written it. */
async function raised(more: Partial<Signal> & { tenant_id?: string } = {}): Promise<string> {
  const at = new Date().toISOString();
  const row = {
    ...{ tenant_id: project.tenant_id, id: makeId('signal'), type: 'ERROR_BURST', subject: makeId('event') },
    ...{ status: 'open', severity: 'MEDIUM', text: 'A sentence.', evidence: {}, project_id: project.id },
    ...{ is_synthetic: false, times_seen: 1, last_day: [1], first_seen_at: at, last_seen_at: at },
    ...more,
  };
  await rows.insert('signals', [row]);
  return row.id;
}
const read = async (id: string) => expectStatus(200, await operator.get<Signal>(`${path}/${id}`));
const entriesOf = (id: string) =>
  rows.query<{ event: string; reason: string | null; actor_id: string }>(
    'select event, reason, actor_id from audit_ledger where object_id = $1 order by id',
    [id],
  );

test('a signal is acknowledged once, whoever does it, with an entry in the ledger', async () => {
  const id = await raised();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => operator.post(`${path}/${id}/acknowledge`, { reason: 'looking' })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
  expect(await read(id)).toMatchObject({ status: 'acknowledged', act_reason: 'looking', acted_severity: 'MEDIUM' });
  expect(await entriesOf(id)).toMatchObject([{ event: 'SIGNAL_ACKNOWLEDGED', reason: 'looking' }]);
});

test('it is suppressed with a reason, for 15 minutes to 30 days and not without an end', async () => {
  const id = await raised();
  const suppress = (body: object) => operator.post<Signal>(`${path}/${id}/suppress`, body);
  for (const body of [
    { reason: 'a migration' },
    { hours: 4 },
    { hours: 0.2, reason: 'too short' },
    { hours: 721, reason: 'too long' },
  ])
    expect((await suppress(body)).status).toBe(400);
  const before = Date.now();
  const { status, suppressed_until } = expectStatus(200, await suppress({ hours: 4, reason: 'a migration' }));
  expect([status, Math.round((Date.parse(suppressed_until ?? '') - before) / hour_ms)]).toEqual(['suppressed', 4]);
  expectStatus(200, await suppress({ hours: 8, reason: 'it takes longer' }));
  expect((await entriesOf(id)).map(({ event, reason }) => [event, reason])).toEqual([
    ['SIGNAL_SUPPRESSED', 'a migration'],
    ['SIGNAL_SUPPRESSED', 'it takes longer'],
  ]);
  await worker.run(watch_signals, hour_ms);
  expect((await read(id)).status).toBe('suppressed');
  await worker.run(watch_signals, 9 * hour_ms);
  expect(await read(id)).toMatchObject({ status: 'resolved', suppressed_until: null });
  expect((await suppress({ hours: 1, reason: 'too late' })).status).toBe(409);
  expect((await entriesOf(id)).at(-1)).toMatchObject({ event: 'SIGNAL_RESOLVED', actor_id: 'aos' });
});

test('it may be suppressed until it escalates, by more looks than are taken into account', async () => {
  const id = await raised();
  const suppress = (escalates: object) =>
    operator.post<Signal>(`${path}/${id}/suppress`, { hours: 4, escalates, reason: 'known' });
  expect((await suppress({ more_than: 240, hours: 1 })).status).toBe(400);
  const escalates = { more_than: 239, hours: 1 };
  expect(expectStatus(200, await suppress(escalates))).toMatchObject({ status: 'suppressed', escalates });
  const [stored] = await rows.query('select acted_times_seen, times_seen from signals where id = $1', [id]);
  expect(stored).toEqual({ acted_times_seen: 1, times_seen: 1 });
  const [entry] = await rows.query('select after from audit_ledger where object_id = $1', [id]);
  expect(entry).toMatchObject({ after: { escalates } });
});

test('who may only read sees signals and changes none', async () => {
  const id = await raised();
  const viewer = api(app, (await makeKey(api(app), { role: 'viewer' })).secret);
  expect((await viewer.get(`${path}/${id}`)).status).toBe(200);
  expect((await viewer.post(`${path}/${id}/acknowledge`, {})).status).toBe(403);
  expect((await viewer.post(`${path}/${id}/suppress`, { hours: 1, reason: 'no' })).status).toBe(403);
  expect((await read(id)).status).toBe('open');
});

test('people of one project see its signals and no others; those of another tenant are not there for anybody', async () => {
  const admin = api(app);
  const { id: other_id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug: 'other' }));
  const bound = api(app, (await makeKey(admin, { role: 'operator', project_id: other_id })).secret);
  const [mine, theirs, everybodys] = [
    await raised({ project_id: other_id }),
    await raised(),
    await raised({ project_id: null }),
  ];
  expect((await signalsOf(bound)).map(({ id }) => id)).toEqual([mine]);
  for (const id of [theirs, everybodys]) {
    expect((await bound.get(`${path}/${id}`)).status).toBe(404);
    expect((await bound.post(`${path}/${id}/acknowledge`, {})).status).toBe(404);
  }
  expectStatus(200, await bound.post(`${path}/${mine}/acknowledge`, {}));
  const made = await admin.post<{ id: string; api_key: { secret: string } }>('/api/v1/tenants', { slug: 'elsewhere' });
  const stranger = api(app, expectStatus(201, made).api_key.secret);
  for (const id of [mine, theirs, everybodys]) {
    expect((await stranger.get(`${path}/${id}`)).status).toBe(404);
    expect((await stranger.post(`${path}/${id}/suppress`, { hours: 1, reason: 'no' })).status).toBe(404);
  }
  expect(await signalsOf(stranger)).toEqual([]);
});

test('the list is narrowed by type, state, project and time, and read page by page', async () => {
  const { id: project_id } = expectStatus(
    201,
    await api(app).post<{ id: string }>('/api/v1/projects', { slug: 'paged' }),
  );
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.unshift(await raised({ project_id, type: n % 2 ? 'LIKELY_LOOP' : 'ERROR_BURST' }));
  await raised({ project_id, is_synthetic: true });
  const page = async (query: string) =>
    expectStatus(200, await operator.get<SignalList>(`${path}?project=paged${query}`));
  const first = await page('&limit=3');
  expect([first.total, first.items.map(({ id }) => id)]).toEqual([5, ids.slice(0, 3)]);
  const rest = await page(`&limit=3&cursor=${first.next_cursor}`);
  expect([rest.next_cursor, rest.items.map(({ id }) => id)]).toEqual([null, ids.slice(3)]);
  expect((await page('&type=LIKELY_LOOP')).total).toBe(2);
  expect((await page('&status=resolved,suppressed')).total).toBe(0);
  expect((await page('&from=2099-01-01')).total).toBe(0);
  expect((await page('&is_synthetic=all')).total).toBe(6);
  expect((await operator.get(`${path}?type=NONSENSE`)).status).toBe(400);
});

test('what is resolved is deleted after 30 days, and nothing else is', async () => {
  const day_ms = 24 * hour_ms;
  const at = (days: number) => new Date(Date.now() - days * day_ms).toISOString();
  const [old, recent, open] = [
    await raised({ status: 'resolved', resolved_at: at(30) }),
    await raised({ status: 'resolved', resolved_at: at(29) }),
    await raised({ last_seen_at: at(40) }),
  ];
  await worker.run(watch_signals, 10 * hour_ms);
  expect((await operator.get(`${path}/${old}`)).status).toBe(404);
  expect([(await read(recent)).status, (await read(open)).status]).toEqual(['resolved', 'resolved']);
});

test('the list says of which types more may hold than are kept', async () => {
  const full = async () => {
    const { watching } = expectStatus(200, await operator.get<SignalList>(path));
    return watching.flatMap(({ type, is_full }) => (is_full ? type : []));
  };
  for (let n = 1; n < most_unresolved; n++) await raised({ type: 'LIKELY_LOOP', project_id: null });
  expect(await full()).toEqual([]);
  await raised({ type: 'LIKELY_LOOP', project_id: null });
  expect(await full()).toEqual(['LIKELY_LOOP']);
});

test('what people do is told on the stream of events', async () => {
  const id = await raised();
  const stop = new AbortController();
  const heard: Promise<unknown> = (async () => {
    for await (const { type, data } of hear(app, '/api/v1/events', { signal: stop.signal }))
      if (data.object_id === id) return { type, event: data.event };
    return null;
  })();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expectStatus(200, await operator.post(`${path}/${id}/acknowledge`, {}));
  expect(await heard).toEqual({ type: 'changed', event: 'SIGNAL_ACKNOWLEDGED' });
  stop.abort();
});
