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
