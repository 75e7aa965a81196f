import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, waitFor } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { startAppOn, type TestApp } from './app.ts';

let database: TestDatabase;
let door: Awaited<ReturnType<typeof doorTo>>;
let app: TestApp;
let admin: Api;
beforeAll(async () => {
  database = await freshDatabase('postgres');
  door = await doorTo(new URL(database.url));
  app = await startAppOn({ url: door.url, drop: () => database.drop() });
  admin = api(app);
});
afterAll(() => app.close());

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const begun = performance.now();
  return [await work(), performance.now() - begun];
}

test('without its database the control plane says so within two seconds, and comes back by itself', async () => {
  expect((await admin.get('/api/v1/projects')).status).toBe(200);
  await door.shut();
  for (const send of [
    () => admin.get('/api/v1/projects'),
    () => admin.post('/api/v1/projects', { slug: 'lost' }),
    () => admin.post('/api/v1/projects', { slug: 'lost' }, { headers: { 'idempotency-key': 'k' } }),
    () => admin.get('/api/v1/session'),
  ]) {
    // The quickest of a few: a machine that is busy for a moment is not what is asked about.
    const [, beside_ms] = await timed(() => admin.get('/health'));
    const most_ms = 2_500 + 4 * beside_ms;
    let [answer, took_ms] = await timed(send);
    for (let more = 2; more > 0 && took_ms >= most_ms; more--) [answer, took_ms] = await timed(send);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.body).toMatchObject({ error: { code: 'governance_unavailable', type: 'governance_unavailable' } });
    expect(took_ms).toBeLessThan(most_ms);
    expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  }
  await door.open();
  await waitFor(async () => (await admin.get('/api/v1/projects')).status === 200, { what: 'the return' });
  expect((await admin.post('/api/v1/projects', { slug: 'lost' })).status).toBe(201);
});
