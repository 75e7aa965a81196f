import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { sealContext } from '@aos/server/base/vault.ts';
import { recordShutdown, recordStartup } from '@aos/server/boot/system-events.ts';
import { authenticate } from '@aos/server/http/authenticate.ts';
import { firstBoot } from '@aos/server/store/first-boot.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { api, expectStatus } from '../parts/client.ts';
import { startApp, type TestDeps, type TestStore, testDeps, testStore } from './app.ts';
import { rowsOf } from './rows.ts';

let store: TestStore | undefined;
afterEach(async () => {
  await store?.close();
  store = undefined;
});

async function fresh(env: Record<string, string> = {}): Promise<TestStore> {
  store = await testStore(env);
  return store;
}

const boot = (deps: TestDeps, admin_key: string | null = null) => firstBoot(deps, { admin_key });
const whoIs = (deps: TestDeps, key: string) =>
  authenticate(deps, { authorization: `Bearer ${key}` }, '').then(
    ({ role, api_key }) => ({ role, ...api_key }),
    (error: { code: string }) => error.code,
  );
const chosen = (n: number) => `an-operator-chose-this-key-${n}`;
const ledger = ({ database }: TestStore) =>
  rowsOf<{ event: string; actor_type: string }>(
    database.url,
    'select event, actor_type from aos.audit_ledger order by id',
  );

describe('the first boot', () => {
  test('makes what an installation needs, prints one key, and keeps it for its owner alone', async () => {
    const { deps, database } = await fresh();
    const { admin_key_to_print: key } = await boot(deps);
    expect(key).toMatch(/^aos_live_[0-9A-Za-z]{38}$/);
    expect(await whoIs(deps, key ?? '')).toMatchObject({ role: 'owner' });
    const file = path.join(deps.config.data_dir, 'admin.key');
    expect(readFileSync(file, 'utf8').trim()).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const slugs = (table: string) =>
      rowsOf<{ slug: string }>(database.url, `select slug from aos.${table} order by slug`);
    expect((await slugs('tenants')).map(({ slug }) => slug)).toEqual(['default', 'installation']);
    expect((await slugs('projects')).map(({ slug }) => slug)).toEqual(['default']);
    expect((await slugs('providers')).map(({ slug }) => slug)).toEqual(['mock']);
    const entries = await ledger({ deps, database, close: async () => {} });
    expect(entries.map(({ event }) => event).sort()).toEqual([
      'CHANNEL_CREATED',
      'KEY_CREATED',
      'PROJECT_CREATED',
      'PROVIDER_CREATED',
      'TENANT_CREATED',
    ]);
    expect(entries.every(({ actor_type }) => actor_type === 'system')).toBe(true);
  });

  test('happens once: later starts change and print nothing', async () => {
    const here = await fresh();
    const { admin_key_to_print: key } = await boot(here.deps);
    const before = await ledger(here);
    expect(await boot(here.deps)).toEqual({ admin_key_to_print: null });
    expect(await ledger(here)).toEqual(before);
    expect(await whoIs(here.deps, key ?? '')).toMatchObject({ role: 'owner' });
  });

  test('of many processes at once makes everything once, and one key', async () => {
    const { deps, database } = await fresh();
    const others = Array.from({ length: 3 }, () => testDeps(database.url, { AOS_DATA_DIR: deps.config.data_dir }));
    const printed = await Promise.all([deps, ...others].map((one) => boot(one)));
    await Promise.all(others.map(({ db }) => db.close()));
    const keys = printed.flatMap(({ admin_key_to_print }) => admin_key_to_print ?? []);
    expect(keys).toHaveLength(1);
    expect(await rowsOf(database.url, 'select from aos.tenants')).toHaveLength(2);
    expect(await rowsOf(database.url, 'select from aos.api_keys')).toHaveLength(1);
    expect(await whoIs(deps, keys[0] ?? '')).toMatchObject({ role: 'owner' });
  });

  test('makes the providers whose keys the environment has, sealed; a later start leaves them as they are', async () => {
    const env = { OPENAI_API_KEY: 'sk-from-env', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/' };
    const { deps, database } = await fresh(env);
    await boot(deps);
    await boot(testDepsOn(database.url, deps, { ...env, OPENAI_API_KEY: 'sk-another' }));
    const rows = await rowsOf<{
      id: string;
      slug: string;
      tenant_id: string;
      base_url: string;
      secret_envelope: string | null;
    }>(
      database.url,
      "select id, slug, tenant_id, base_url, secret_envelope from aos.providers where slug <> 'mock' order by slug",
    );
    expect(rows.map(({ slug, base_url }) => [slug, base_url])).toEqual([
      ['anthropic', 'http://127.0.0.1:9'],
      ['openai', 'https://api.openai.com/v1'],
    ]);
    const [anthropic, openai] = rows;
    expect(anthropic?.secret_envelope).toBeNull();
    expect(openai?.secret_envelope).not.toContain('sk-from-env');
    const place = sealContext(openai?.tenant_id ?? '', 'providers', openai?.id ?? '');
    expect(deps.vault.open(openai?.secret_envelope ?? '', place)).toBe('sk-from-env');
  });
});

/** Another process on the same database and folder; closed with the pool of the first. */
function testDepsOn(url: string, { config, db }: TestDeps, env: Record<string, string>): TestDeps {
  const other = testDeps(url, { AOS_DATA_DIR: config.data_dir, ...env });
  void other.db.close();
  return { ...other, db };
}

test('the first start of a version is on record once, however often it is stopped and started', async () => {
  const { deps, database } = await fresh();
  await boot(deps);
  for (let start = 0; start < 3; start++) {
    await recordStartup(deps, { version: '0001', applied: [] });
    await recordShutdown(deps, 'a test');
  }
  const events = await rowsOf<{ event_type: string }>(
    database.url,
    "select event_type from aos.system_records where event_type in ('DEPLOYMENT', 'STARTUP') order by id",
  );
  expect(events.map(({ event_type }) => event_type)).toEqual(['DEPLOYMENT', 'STARTUP', 'STARTUP', 'STARTUP']);
});

describe('the admin key', () => {
  test('is the one the operator chose, which is neither printed nor kept', async () => {
    const { deps } = await fresh();
    expect(await boot(deps, chosen(1))).toEqual({ admin_key_to_print: null });
    expect(await whoIs(deps, chosen(1))).toMatchObject({ role: 'owner' });
    expect(() => readFileSync(path.join(deps.config.data_dir, 'admin.key'))).toThrow(/ENOENT/);
    expect(await boot(deps)).toEqual({ admin_key_to_print: null });
    expect(await whoIs(deps, chosen(1))).toMatchObject({ role: 'owner' });
  });

  test('is replaced by another choice: the lost one opens nothing, policies follow the lineage, the ledger says so', async () => {
    const here = await fresh();
    const { admin_key_to_print: lost } = await boot(here.deps);
    const before = await whoIs(here.deps, lost ?? '');
    await boot(here.deps, chosen(1));
    const after = await whoIs(here.deps, chosen(1));
    expect(await whoIs(here.deps, lost ?? '')).toBe('unauthenticated');
    expect(after).toMatchObject({ role: 'owner', lineage_id: (before as { lineage_id: string }).lineage_id });
    expect((await ledger(here)).at(-1)).toEqual({ event: 'KEY_ROTATED', actor_type: 'system' });
    await boot(here.deps, chosen(2));
    expect(await whoIs(here.deps, chosen(1))).toBe('unauthenticated');
    expect(await whoIs(here.deps, chosen(2))).toMatchObject({ role: 'owner' });
  });

  test('is replaced with every key it was rotated to: none of its lineage opens anything, and the ledger says so', async () => {
    const app = await startApp();
    store = app;
    const { id } = (await whoIs(app.deps, app.admin_key)) as { id: string };
    const rotated = expectStatus(
      200,
      await api(app).post<{ secret: string }>(`/api/v1/api-keys/${id}/rotate`, {
        reason: 'due',
        overlap_seconds: 3600,
      }),
    );
    await boot(app.deps);
    expect(await whoIs(app.deps, rotated.secret)).toMatchObject({ role: 'owner' });
    await boot(app.deps, chosen(1));
    expect(await whoIs(app.deps, chosen(1))).toMatchObject({ role: 'owner', lineage_id: id });
    for (const replaced of [app.admin_key, rotated.secret])
      expect(await whoIs(app.deps, replaced)).toBe('unauthenticated');
    expect((await ledger(app)).slice(-2).map(({ event }) => event)).toEqual(['KEY_ROTATED', 'KEY_REVOKED']);
  });

  test('that was replaced does not come back with a replica that still has it', async () => {
    const { deps } = await fresh();
    await boot(deps, chosen(1));
    await boot(deps, chosen(2));
    await boot(deps, chosen(1));
    expect(await whoIs(deps, chosen(1))).toBe('unauthenticated');
    expect(await whoIs(deps, chosen(2))).toMatchObject({ role: 'owner' });
    expect(deps.logged.join('')).toContain('AOS_ADMIN_KEY was revoked or replaced');
  });

  test('that is lost with its file is not made again by a restart', async () => {
    const { deps, database } = await fresh();
    await boot(deps);
    rmSync(path.join(deps.config.data_dir, 'admin.key'));
    expect(await boot(deps)).toEqual({ admin_key_to_print: null });
    expect(await rowsOf(database.url, 'select from aos.api_keys')).toHaveLength(1);
  });

  test('is never in a log', async () => {
    const { deps } = await fresh();
    const { admin_key_to_print: key } = await boot(deps);
    await boot(deps, chosen(1));
    await boot(deps, chosen(2));
    await boot(deps, chosen(1));
    expect(deps.logged.length).toBeGreaterThan(0);
    for (const secret of [key ?? 'x', chosen(1), chosen(2)]) expect(deps.logged.join('')).not.toContain(secret);
  });
});
