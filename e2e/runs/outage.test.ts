import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StubProvider, startStubProvider } from '../../tools/simulate/stub-provider.ts';
import { api, expectStatus, waitFor } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let door: Awaited<ReturnType<typeof doorTo>>;
let stub: StubProvider;
let server: ServerProcess;
let rows: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('postgres');
  door = await doorTo(new URL(database.url));
  stub = await startStubProvider();
  const env = { OPENAI_API_KEY: 'sk-stub-provider-key', OPENAI_BASE_URL: stub.url, LOG_LEVEL: 'silent' };
  server = await startServer({ database_url: door.url, env });
  rows = new pg.Pool({ connectionString: database.url, options: '-c search_path=aos' });
});
afterAll(async () => {
  await rows?.end();
  await server?.stop();
  await door?.shut();
  await stub?.close();
  await database?.drop();
});

test('a run waits for a database that is away, and nothing that it had begun is broken off or done twice', async () => {
  const llm = (id: string, delay_ms: number, depends_on: string[] = []) => ({
    ...{ id, skill: 'llm', depends_on },
    params: { prompt: `Hello. stub: ${JSON.stringify({ label: id, delay_ms })}` },
  });
  const steps = [llm('long', 2_500), llm('short', 600), llm('after', 0, ['short']), llm('last', 0, ['long', 'after'])];
  const body = { goal: 'wait', agent_id: 'patient', model: 'gpt-4o-mini', plan: { steps } };
  const { id } = expectStatus(202, await api(server).post<{ id: string }>('/api/v1/runs', body));
  await waitFor(() => stub.log.length === 2, { what: 'two steps at the provider' });
  await door.shut();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await door.open();
  const ended = async () => {
    const { rows: found } = await rows.query(
      'select status, lease_epoch from runs r join managed_runs m on m.run_id = r.id where r.id = $1 and r.ended_at is not null',
      [id],
    );
    return found[0];
  };
  const run = await waitFor(ended, { interval_ms: 100, what: 'the end of the run' });
  expect(run).toEqual({ status: 'succeeded', lease_epoch: 1 });
  expect(stub.log.map(({ label }) => label).sort()).toEqual(['after', 'last', 'long', 'short']);
  const kept = await rows.query("select params ->> 'step' as name, status from steps where run_id = $1", [id]);
  expect(kept.rows.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(
    ['after', 'last', 'long', 'short'].map((name) => `${name} succeeded`),
  );
  expect((await rows.query('select from holds')).rows).toEqual([]);
});
