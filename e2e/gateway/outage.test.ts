import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StubProvider, startStubProvider } from '../../tools/simulate/stub-provider.ts';
import { type Api, api, expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { wires } from '../parts/gateway.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let door: Awaited<ReturnType<typeof doorTo>>;
let stub: StubProvider;
let server: ServerProcess;
let admin: Api;
let direct: pg.Pool;
const data_dir = mkdtempSync(path.join(tmpdir(), 'aos-outage-'));
beforeAll(async () => {
  [database, stub] = await Promise.all([freshDatabase('postgres'), startStubProvider()]);
  door = await doorTo(new URL(database.url));
  const env = { OPENAI_API_KEY: 'sk-stub', OPENAI_BASE_URL: stub.url };
  server = await startServer({ database_url: door.url, data_dir, env });
  admin = api(server);
  direct = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=aos' });
  await makePolicy(admin, {
    name: 'daily cap',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'cost_usd', max: '100', window: { per: 'day' } }, action: 'block' }],
  });
});
afterAll(async () => {
  await server?.stop();
  await direct?.end();
  await stub?.close();
  await door?.shut();
  await database?.drop();
  rmSync(data_dir, { recursive: true, force: true });
});

const chat = (directive: object = { output_tokens: 3 }, more: object = {}) =>
  admin.post('/v1/chat/completions', wires.chat.body(directive, more));

/**
 * Calls again and again for a while: how they were answered, how long the slowest took, and how long the slowest answer
 * took that nothing has to be known for, which is what the machine adds.
 */
async function callFor(length_ms: number) {
  const until = performance.now() + length_ms;
  const statuses = new Set<number>();
  let slowest_ms = 0;
  let beside_ms = 0;
  const beside = async () => {
    while (performance.now() < until) {
      const begun = performance.now();
      await (await fetch(`${server.url}/health`)).text();
      beside_ms = Math.max(beside_ms, performance.now() - begun);
      await sleep(10);
    }
  };
  const one = async () => {
    while (performance.now() < until) {
      const begun = performance.now();
      const answer = await chat();
      statuses.add(answer.status);
      slowest_ms = Math.max(slowest_ms, performance.now() - begun);
      if (answer.status === 503) {
        expect(answer.body).toMatchObject({ error: { code: 'governance_unavailable' } });
        expect(answer.headers.get('retry-after')).toBe('2');
      }
      await sleep(50);
    }
  };
  await Promise.all([...Array.from({ length: 8 }, one), beside()]);
  return { statuses: [...statuses], slowest_ms, beside_ms };
}

test('a silent network: calls are refused within two seconds, nothing goes out, and it comes back by itself', async () => {
  expectStatus(200, await chat());
  // A call under way when the silence begins.
  const under_way = fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.admin_key}`, 'content-type': 'application/json' },
    body: JSON.stringify(wires.chat.body({ output_tokens: 60, chunk_delay_ms: 10 }, { stream: true })),
  });
  await waitFor(() => stub.log.length === 2, { what: 'the call under way' });
  door.silence();
  const { statuses, slowest_ms, beside_ms } = await callFor(6_000);
  expect(statuses).toEqual([503]);
  expect(slowest_ms).toBeLessThan(2_200 + 4 * beside_ms);
  expect(stub.log).toHaveLength(2);
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  door.speak();
  await waitFor(async () => (await chat()).status === 200, { what: 'the return' });
  // What was under way is settled once, and nothing stays held.
  await (await under_way).text();
  await waitFor(async () => (await direct.query('select from holds')).rowCount === 0, {
    what: 'the end of all holds',
  });
  const sent = stub.log.length;
  const { rows: records } = await direct.query('select distinct step_id from llm_run_records');
  expect(records).toHaveLength(sent);
  const { rows } = await direct.query(
    "select event_type, details from system_records where event_type like 'DEGRADED%' order by occurred_at",
  );
  expect(rows.map((row) => row.event_type)).toEqual(['DEGRADED_ENTER', 'DEGRADED_EXIT']);
  expect(rows[0]?.details.away_ms).toBeGreaterThan(4_000);
});

test('a slow database: a call that cannot be admitted in time is refused, and holds nothing later', async () => {
  expectStatus(200, await chat());
  const sent = stub.log.length;
  const blocker = await direct.connect();
  await blocker.query('begin; lock table holds in access exclusive mode');
  const { statuses, slowest_ms, beside_ms } = await callFor(4_000);
  expect(statuses).toEqual([503]);
  expect(slowest_ms).toBeLessThan(2_400 + 4 * beside_ms);
  expect(stub.log).toHaveLength(sent);
  await blocker.query('rollback');
  blocker.release();
  await waitFor(async () => (await chat()).status === 200, { what: 'the return' });
  await waitFor(async () => (await direct.query('select from holds')).rowCount === 0, {
    what: 'the end of all holds',
  });
  const { rows } = await direct.query('select sum(pending)::text as pending from balances');
  expect(rows[0]?.pending).toBe('0');
});

test('a process that hears nothing of its database ends all the same when it is told to', async () => {
  const directive = { delay_ms: 600_000 };
  const ask = {
    id: 'ask',
    skill: 'llm',
    params: { prompt: `stub: ${JSON.stringify(directive)}`, model: 'gpt-4o-mini' },
  };
  const sent = stub.log.length;
  expectStatus(202, await admin.post('/api/v1/runs', { goal: 'x', agent_id: 'late', plan: { steps: [ask] } }));
  await waitFor(() => stub.log.length > sent, { what: 'a step of a run under way' });
  // What is asked of the database when the silence begins is never answered.
  const blocker = await direct.connect();
  await blocker.query('begin; lock table managed_runs in access exclusive mode');
  const asked = async () =>
    (await direct.query("select from pg_locks where relation = 'managed_runs'::regclass and not granted")).rowCount;
  await waitFor(async () => (await asked()) !== 0, { what: 'somebody who waits for the database', interval_ms: 5 });
  door.silence();
  process.kill(server.pid, 'SIGTERM');
  const end = await Promise.race([server.exited, sleep(60_000)]);
  blocker.release(true);
  // Not 0: that it ended could not be written either.
  expect(end).toEqual({ code: 1, signal: null });
});
