import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { all_endpoints } from '@aos/core/api/index.ts';
import { all_handlers } from '@aos/server/api/all-handlers.ts';
import { readConfig } from '@aos/server/base/config.ts';
import { type Deps, makeId, realClock } from '@aos/server/base/deps.ts';
import { openLog } from '@aos/server/base/log.ts';
import { createMetrics } from '@aos/server/base/metrics.ts';
import { openOutbound } from '@aos/server/base/outbound/outbound.ts';
import { openVault } from '@aos/server/base/vault.ts';
import { createApp } from '@aos/server/http/app.ts';
import { bindEndpoints } from '@aos/server/http/bind.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { firstBoot } from '@aos/server/store/first-boot.ts';
import { migrate } from '@aos/server/store/migrate.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';

export interface TestDeps extends Deps {
  /** What was logged, line by line. */
  logged: string[];
}

export interface TestStore {
  deps: TestDeps;
  database: TestDatabase;
  close(): Promise<void>;
}

type App = ReturnType<typeof createApp>;

/** A migrated database of its own with a data folder of its own, before the first boot. */
export async function testStore(env: Record<string, string> = {}, on?: TestDatabase): Promise<TestStore> {
  const database = on ?? (await freshDatabase('postgres'));
  await migrate(database.url);
  const data_dir = mkdtempSync(path.join(tmpdir(), 'aos-http-'));
  const deps = testDeps(database.url, { AOS_DATA_DIR: data_dir, ...env });
  return {
    deps,
    database,
    close: async () => {
      await deps.db.close();
      await database.drop();
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
}

/** The insides of one process on a database. */
export function testDeps(url: string, env: Record<string, string>): TestDeps {
  const logged: string[] = [];
  const config = readConfig({ AOS_MAX_CONNECTIONS: '8', AOS_BAD_KEYS_PER_MINUTE: '0', ...env, DATABASE_URL: url });
  const log = openLog('debug', { write: (line: string) => void logged.push(line) });
  return {
    config,
    log,
    logged,
    clock: realClock(),
    makeId,
    database_url: url,
    db: openDatabase({
      url,
      max_connections: config.max_connections,
      statement_timeout_ms: 10_000,
      onIdleError: (error) => log.debug({ error }, 'an idle connection ended'),
    }),
    vault: openVault(config),
    outbound: openOutbound(config.outbound_reach),
    metrics: createMetrics(),
    instance_id: makeId('instance'),
  };
}

export interface TestApp extends TestStore {
  url: string;
  admin_key: string;
  app: App;
}

/** The control plane on a real port over a database of its own; `more` adds routes before it listens. */
export async function startApp(
  more: (app: App) => void = () => {},
  env: Record<string, string> = {},
): Promise<TestApp> {
  return listening(await testStore(env), more);
}

/** The same over a database that is there, migrated or not. */
export async function startAppOn(database: TestDatabase): Promise<TestApp> {
  return listening(await testStore({}, database));
}

async function listening(store: TestStore, more: (app: App) => void = () => {}): Promise<TestApp> {
  const { admin_key_to_print } = await firstBoot(store.deps, { admin_key: null });
  const app = createApp(store.deps);
  bindEndpoints(app, store.deps, all_endpoints, all_handlers);
  more(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    ...store,
    app,
    url: `http://127.0.0.1:${port}`,
    admin_key: admin_key_to_print ?? '',
    close: async () => {
      await app.close();
      await store.close();
    },
  };
}
