import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, makePolicy, waitFor } from '../parts/client.ts';
import { changeSchema, freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { wires } from '../parts/gateway.ts';
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

const chat = () =>
  api(server).post(
    wires.chat.path,
    { ...wires.chat.body({}), model: 'mock-small' },
    { headers: { 'x-aos-agent-id': 'unheard', 'x-aos-session-id': 'unheard' } },
  );

test('a refusal that was written although nobody heard of it is told, and counted once', async () => {
  await makePolicy(api(server), {
    name: 'One call a day',
    target: { kind: 'agent', ids: ['unheard'] },
    controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
  });
  expect((await chat()).status).toBe(200);
  await direct.query(`create function wait_here() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(713302); return null; end $$`);
  await changeSchema(
    direct,
    'create trigger waits after insert on decisions for each statement execute function wait_here()',
  );
  const here = await direct.connect();
  await here.query('select pg_advisory_lock(713302)');
  const answer = chat();
  const waits = async () =>
    (await here.query("select from pg_locks where locktype = 'advisory' and objid = 713302 and not granted")).rowCount;
  await waitFor(async () => (await waits()) === 1, { what: 'a refusal under way', interval_ms: 5 });
  // The database has the whole transaction and commits it; its answer does not pass the door, and the flight is given up.
  door.silence();
  here.release(true);
  const written = async () => (await direct.query('select from decisions')).rowCount === 1;
  await waitFor(written, { what: 'a decision that nobody heard of' });
  await pause(1_900);
  door.speak();
  const { status, body } = await answer;
  expect([status, body]).toMatchObject([402, { error: { code: 'quota_exceeded' } }]);
  const count = async (what: string) => (await direct.query(what)).rows;
  expect(await count('select refused_calls::int from runs')).toEqual([{ refused_calls: 1 }]);
  expect(await count('select occurrences from incidents')).toEqual([{ occurrences: 1 }]);
  expect(await count(`select from audit_ledger where event = 'LIMIT_BREACHED'`)).toHaveLength(1);
});
