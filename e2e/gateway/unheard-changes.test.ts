import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StubProvider, startStubProvider } from '../../tools/simulate/stub-provider.ts';
import { addProvider, api, expectStatus, waitFor } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { say } from '../parts/gateway.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let door: Awaited<ReturnType<typeof doorTo>>;
let stub: StubProvider;
/** Behind the door: what the second one changes can be kept from it. */
let first: ServerProcess;
let second: ServerProcess;
beforeAll(async () => {
  [database, stub] = await Promise.all([freshDatabase('postgres'), startStubProvider()]);
  door = await doorTo(new URL(database.url));
  first = await startServer({ database_url: door.url });
  const env = { AOS_ADMIN_KEY: first.admin_key };
  second = await startServer({ database_url: database.url, data_dir: first.data_dir, roles: 'api', env });
});
afterAll(async () => {
  await Promise.allSettled([first?.stop(), second?.stop()]);
  await door?.shut();
  await stub?.close();
  await database?.drop();
});

const call = (model: string) =>
  api(first).post('/v1/chat/completions', { model, max_tokens: 5, messages: say({ output_tokens: 3 }) });

test('a model is refused under the control in force only, though nobody told of the change', async () => {
  expectStatus(200, await call('mock-small'));
  expectStatus(404, await call('late/some-model'));
  const { held } = door.deafen();
  await addProvider(api(second), { slug: 'late', kind: 'openai', base_url: stub.url, secret: 'sk-late' });
  await waitFor(() => held() > 0, { what: 'the notification that is held back' });
  expectStatus(200, await call('late/some-model'));
  expect(stub.log).toHaveLength(1);
  const refused = await call('later/some-model');
  expect(refused).toMatchObject({ status: 404, body: { error: { code: 'model_not_found' } } });
});

test('a kill ends a stream in seconds though the connection that listens has fallen silent', async () => {
  const directive = { output_tokens: 20_000, chunk_tokens: 1, chunk_delay_ms: 50, ignore_max_tokens: true };
  const stream = await fetch(`${first.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${first.admin_key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'late/some-model', stream: true, messages: say(directive) }),
  });
  expect(stream.status).toBe(200);
  door.deafen();
  const run_id = stream.headers.get('x-aos-run-id');
  expectStatus(200, await api(second).post(`/api/v1/runs/${run_id}/kill`, { reason: 'nobody heard of it' }));
  const text = await Promise.race([stream.text(), sleep(45_000, 'goes on')]);
  expect(text).toContain('"code":"run_terminated"');
});
