import type { StepsTold } from '@aos/core/activity/reported-step.ts';
import { makeId } from '@aos/server/base/deps.ts';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { changeSchema, freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let door: Awaited<ReturnType<typeof doorTo>>;
let server: ServerProcess;
let direct: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('postgres');
  door = await doorTo(new URL(database.url));
  server = await startServer({ database_url: door.url });
  direct = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=aos' });
});
afterAll(async () => {
  await server?.stop();
  await direct?.end();
  await door?.shut();
  await database?.drop();
});

test('steps whose admission took effect although nobody heard of it hold nothing, and count once when told again', async () => {
  const admin = api(server);
  const run = { goal: 'to report', agent_id: 'unheard', mode: 'external' };
  const { id } = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', run));
  await makePolicy(admin, {
    name: 'steps of one run',
    target: { kind: 'agent', ids: ['unheard'] },
    controls: [{ limit: { type: 'steps', max: 9, window: { per: 'run' } }, action: 'block' }],
  });
  const now_ms = Date.now();
  const [started_at, ended_at] = [now_ms - 5, now_ms].map((at) => new Date(at).toISOString());
  const steps = ['one', 'two'].map((name) => ({ id: makeId('step'), kind: 'tool', name, started_at, ended_at }));
  const tell = () => admin.post<StepsTold>(`/api/v1/runs/${id}/steps`, { steps });
  const open = async () => (await direct.query('select from holds')).rowCount;
  const balance = async () =>
    (await direct.query('select posted::int, pending::int from balances where subject = $1', [id])).rows;

  await direct.query(`create function wait_here() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(713301); return null; end $$`);
  await changeSchema(
    direct,
    'create trigger waits after insert on holds for each statement execute function wait_here()',
  );
  const here = await direct.connect();
  await here.query('select pg_advisory_lock(713301)');
  const answer = tell();
  const waits = async () =>
    (await here.query("select from pg_locks where locktype = 'advisory' and objid = 713301 and not granted")).rowCount;
  await waitFor(async () => (await waits()) === 1, { what: 'an admission under way', interval_ms: 5 });
  // The database has the whole transaction and commits it; its answer does not pass the door.
  door.silence();
  here.release(true);
  await waitFor(async () => (await open()) === 2, { what: 'holds that nobody heard of' });
  expect(await balance()).toEqual([{ posted: 0, pending: 2 }]);
  expect((await answer).status).toBe(503);
  door.speak();
  await waitFor(async () => (await open()) === 0, { what: 'the end of all holds' });
  expect(await balance()).toEqual([{ posted: 0, pending: 0 }]);
  const told = await waitFor(async () => {
    const again = await tell();
    return again.status === 200 && again.body;
  });
  expect(told.items.map(({ decision }) => decision)).toEqual(['continue', 'continue']);
  expect(await balance()).toEqual([{ posted: 2, pending: 0 }]);
});
