import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '@aos/core/base/assert.ts';
import { makeDataFolder } from '@aos/server/store/data-folder.ts';
import { findPlace } from '@aos/server/store/embedded-place.ts';
import { readPostmaster } from '@aos/server/store/postmaster.ts';
import pg from 'pg';
import { type Api, api, expectStatus, makeKey } from '../../../e2e/parts/client.ts';
import { freshDatabase } from '../../../e2e/parts/database.ts';
import { type ServerProcess, startServer } from '../../../e2e/parts/processes.ts';
import { type StubOptions, type StubProvider, startStubProvider } from '../../simulate/stub-provider.ts';

/** What reads the database behind the server's back: as its owner, past row-level security. */
export type Sql = <T extends pg.QueryResultRow = pg.QueryResultRow>(
  statement: string,
  values?: unknown[],
) => Promise<T[]>;

/** Real server processes on one database, and one provider behind them that keeps its own bill. */
export interface Installation {
  /** Those that were started, in order; a killed one stays in the list. */
  servers: ServerProcess[];
  stub: StubProvider;
  /** With the admin key, to the first process. */
  admin: Api;
  sql: Sql;
  /** What all its processes were started with. */
  env: Readonly<Record<string, string>>;
  /** One more process on the same database. */
  startOne(env?: Record<string, string>): Promise<ServerProcess>;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  database: 'postgres' | 'embedded';
  processes: number;
  env?: Record<string, string>;
  stub?: StubOptions;
}

const provider_key = 'sk-stub-provider-key';

export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const stub = await startStubProvider(options.stub);
  const database = options.database === 'postgres' ? await freshDatabase('postgres') : null;
  const settings = {
    OPENAI_API_KEY: provider_key,
    OPENAI_BASE_URL: stub.url,
    ANTHROPIC_API_KEY: provider_key,
    ANTHROPIC_BASE_URL: stub.origin,
    // Each process has a data folder of its own here, so the key that seals secrets must come from outside.
    AOS_SECRET_KEY: randomBytes(32).toString('base64'),
    ...options.env,
  };
  const servers: ServerProcess[] = [];
  const startOne = async (env: Record<string, string> = {}) => {
    const on = database === null ? {} : { database_url: database.url };
    const server = await startServer({ ...on, env: { ...settings, ...env } });
    servers.push(server);
    return server;
  };
  await startOne();
  await Promise.all(Array.from({ length: options.processes - 1 }, () => startOne()));
  const first = present(servers[0], 'the first process');
  const pool = new pg.Pool({
    connectionString: database?.url ?? (await embeddedUrl(first.data_dir)),
    max: 8,
    options: '-c search_path=aos -c timezone=UTC',
  });
  pool.on('error', () => undefined);
  const stopAll = () => Promise.all(servers.map((server) => server.stop().catch(() => undefined)));
  return {
    servers,
    stub,
    admin: api(first),
    sql: async <T extends pg.QueryResultRow>(statement: string, values: unknown[] = []) =>
      (await pool.query<T>(statement, values)).rows,
    env: settings,
    startOne,
    stop: async () => {
      await pool.end();
      await stopAll();
      await stub.close();
      await database?.drop();
    },
  };
}

/** How the embedded database of a running server is reached: by the password and the port in its data folder. */
async function embeddedUrl(data_dir: string): Promise<string> {
  const { cluster } = await findPlace(await makeDataFolder(data_dir));
  const { port } = present(await readPostmaster(cluster), 'the running embedded database');
  const password = (await readFile(join(data_dir, 'postgres-password'), 'utf8')).trim();
  return `postgresql://aos:${password}@127.0.0.1:${port}/aos`;
}

/** A key for calls alone, of a project or of the whole tenant. */
export async function callingKey(
  admin: Api,
  project_id: string | null = null,
): Promise<{ id: string; secret: string }> {
  return makeKey(admin, { name: 'campaign', role: 'service', project_id });
}

/** Rates in USD per million tokens, as texts; see POST /api/v1/prices. */
export interface PriceTier {
  above_input_tokens: number;
  rates: Record<string, string>;
}

export async function setPrice(admin: Api, provider: string, model: string, tiers: PriceTier[]): Promise<void> {
  expectStatus(201, await admin.post('/api/v1/prices', { provider, model, tiers, reason: 'a campaign' }));
}
