import { existsSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { api, expectStatus, waitFor } from './client.ts';
import { databaseKinds, emptyDatabase } from './database.ts';
import { startServer } from './processes.ts';

/** A program that answers with its configuration: what is tested here is how a process is started, watched and ended. */
const mirror = `
  const { createServer } = require('node:http');
  if (process.env.AOS_ROLES === 'none') { console.error('no such role'); process.exit(3); }
  const server = createServer((req, res) => {
    const body = JSON.stringify({ method: req.method, path: req.url, auth: req.headers.authorization ?? null, env: process.env });
    res.writeHead(req.url === '/health' ? 200 : 418, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(Number(process.env.PORT), process.env.HOST, () => console.log('listening'));
  process.on('SIGTERM', () => { console.log('stopping'); process.exit(0); });
`;
const program = ['--eval', mirror];
type Mirror = { method: string; auth: string | null; env: Record<string, string> };

describe('startServer', () => {
  test('gives the process its own configuration and nothing of the caller’s', async () => {
    process.env.OPENAI_API_KEY = 'sk-of-the-caller';
    const server = await startServer({
      program,
      database_url: 'postgres://x/y',
      roles: 'api',
      env: { SMTP_URL: 'smtp://z' },
    });
    delete process.env.OPENAI_API_KEY;
    const { env } = (await api(server).get<Mirror>('/health')).body;
    expect(env).toMatchObject({
      HOST: '127.0.0.1',
      DATABASE_URL: 'postgres://x/y',
      AOS_ROLES: 'api',
      SMTP_URL: 'smtp://z',
    });
    expect(env).toMatchObject({ AOS_ADMIN_KEY: server.admin_key, AOS_DATA_DIR: server.data_dir, LOG_LEVEL: 'warn' });
    expect(env.OPENAI_API_KEY).toBeUndefined();
    await server.stop();
    expect(server.output()).toContain('stopping');
    expect(existsSync(server.data_dir)).toBe(false);
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  test('replicas on one database have one admin key; other databases have others', async () => {
    const start = (database_url: string) => startServer({ program, database_url });
    const servers = await Promise.all([
      start('postgres://x/one'),
      start('postgres://x/one'),
      start('postgres://x/two'),
    ]);
    const keys = servers.map(({ admin_key }) => admin_key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
    expect(keys[0]).toMatch(/^[!-~]{24,256}$/);
    expect(new Set(servers.map(({ url }) => url)).size).toBe(3);
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('kill9 ends it at once and keeps its data folder', async () => {
    const server = await startServer({ program });
    await server.kill9();
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(existsSync(server.data_dir)).toBe(true);
    await expect(api(server).get('/health')).rejects.toThrow();
  });

  test('a process that ends before it is healthy is reported with what it wrote', async () => {
    await expect(startServer({ program, roles: 'none' })).rejects.toThrow(
      /ended before it was healthy[\s\S]*no such role/,
    );
  });
});

test('the client sends key, method and body, and gives back every status', async () => {
  const server = await startServer({ program });
  const answer = await api(server).put<Mirror>('/api/v1/x', { a: 1 });
  expect(answer).toMatchObject({ status: 418, body: { method: 'PUT', auth: `Bearer ${server.admin_key}` } });
  expect((await api(server, null).del<Mirror>('/x')).body).toMatchObject({ method: 'DELETE', auth: null });
  expect(() => expectStatus(200, answer)).toThrow(/expected 200, got 418/);
  await server.stop();
});

test('waitFor gives the value, or says what did not happen', async () => {
  let asked = 0;
  expect(await waitFor(() => (++asked === 3 ? 'third' : null), { interval_ms: 1 })).toBe('third');
  await expect(waitFor(() => false, { timeout_ms: 20, interval_ms: 5, what: 'rain' })).rejects.toThrow(
    'rain did not hold',
  );
});

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing !== null)(title, () => {
    test('an empty database is empty, its own, and gone after drop even with a client connected', async () => {
      const [one, two] = await Promise.all([emptyDatabase(kind), emptyDatabase(kind)]);
      const client = new pg.Client({ connectionString: one.url });
      client.on('error', () => undefined);
      await client.connect();
      const { rows } = await client.query("select count(*)::int n from pg_tables where schemaname = 'public'");
      expect(rows).toEqual([{ n: 0 }]);
      expect(one.url).not.toBe(two.url);
      await Promise.all([one.drop(), two.drop()]);
      await expect(new pg.Client({ connectionString: one.url }).connect()).rejects.toThrow(/does not exist/);
    });
  });
}
