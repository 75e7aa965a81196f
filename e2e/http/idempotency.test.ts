import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';
import { rowsOf } from './rows.ts';

let app: TestApp;
let admin: Api;
beforeAll(async () => {
  app = await startApp();
  admin = api(app);
});
afterAll(() => app.close());

const once = (key: string) => ({ headers: { 'idempotency-key': key } });
const count = async (slug: string) => {
  const { body } = await admin.get<{ items: { slug: string }[] }>('/api/v1/projects?limit=200');
  return body.items.filter((item) => item.slug === slug).length;
};

describe('a POST with an idempotency key', () => {
  test('is done once, and answered again as it was the first time', async () => {
    const first = await admin.post('/api/v1/projects', { slug: 'once' }, once('k-1'));
    const again = await admin.post('/api/v1/projects', { slug: 'once' }, once('k-1'));
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ]);
    expect((await admin.post('/api/v1/projects', { slug: 'once' })).status).toBe(409);
    expect(await count('once')).toBe(1);
  });

  test('shows a new key again, and nobody who reads the database sees it', async () => {
    const body = { name: 'made once' };
    const first = expectStatus(
      201,
      await admin.post<{ id: string; secret: string }>('/api/v1/api-keys', body, once('k-2')),
    );
    const again = expectStatus(
      201,
      await admin.post<{ id: string; secret: string }>('/api/v1/api-keys', body, once('k-2')),
    );
    expect(again).toEqual(first);
    const stored = await rowsOf(app.database.url, 'select * from aos.idempotency_keys');
    expect(stored.length).toBeGreaterThan(0);
    expect(JSON.stringify(stored)).not.toContain(first.secret);
  });

  test('is refused for another body or another path', async () => {
    expectStatus(201, await admin.post('/api/v1/projects', { slug: 'third' }, once('k-3')));
    for (const [path, body] of [
      ['/api/v1/projects', { slug: 'third', name: 'x' }],
      ['/api/v1/agents', { slug: 'third' }],
    ] as const) {
      const other = await admin.post<{ error: { code: string; message: string } }>(path, body, once('k-3'));
      expect([other.status, other.body.error.code]).toEqual([409, 'conflict']);
      expect(other.body.error.message).toContain('used for another request');
    }
  });

  test('is done once when many come together: the others are told that it is under way, or get the answer', async () => {
    const together = await Promise.all(
      Array.from({ length: 12 }, () => admin.post('/api/v1/projects', { slug: 'together' }, once('k-4'))),
    );
    const made = together.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect(together.filter(({ status }) => status !== 201).every(({ status }) => status === 409)).toBe(true);
    expect(await count('together')).toBe(1);
  });

  test('that was refused may be tried again', async () => {
    expectStatus(409, await admin.post('/api/v1/projects', { slug: 'default' }, once('k-5')));
    expectStatus(409, await admin.post('/api/v1/projects', { slug: 'default' }, once('k-5')));
    expectStatus(400, await admin.post('/api/v1/projects', { slug: 'a b' }, once('k-6')));
    expectStatus(201, await admin.post('/api/v1/projects', { slug: 'a-b' }, once('k-6')));
  });

  test('belongs to the key that sent it', async () => {
    const { secret } = await makeKey(admin, { role: 'admin' });
    expectStatus(201, await admin.post('/api/v1/actors', { slug: 'mine' }, once('k-7')));
    expectStatus(409, await api(app, secret).post('/api/v1/actors', { slug: 'mine' }, once('k-7')));
    expectStatus(201, await api(app, secret).post('/api/v1/actors', { slug: 'theirs' }, once('k-7')));
  });

  test('is answered again to the key that the sender was rotated to', async () => {
    const old = await makeKey(admin, { role: 'admin' });
    const first = expectStatus(201, await api(app, old.secret).post('/api/v1/actors', { slug: 'kept' }, once('k-8')));
    const rotation = { reason: 'due', overlap_seconds: 60 };
    const path = `/api/v1/api-keys/${old.id}/rotate`;
    const { secret } = expectStatus(200, await admin.post<{ secret: string }>(path, rotation));
    const again = await api(app, secret).post('/api/v1/actors', { slug: 'kept' }, once('k-8'));
    expect(expectStatus(201, again)).toEqual(first);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('is refused when the key is none', async () => {
    for (const key of ['a b', 'x'.repeat(256), 'é']) {
      const answer = await admin.post<{ error: { code: string } }>('/api/v1/projects', { slug: 'never' }, once(key));
      expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_header']);
    }
    expect(await count('never')).toBe(0);
  });
});
