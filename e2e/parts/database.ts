import { randomBytes } from 'node:crypto';
import pg from 'pg';

export type DatabaseKind = 'postgres' | 'embedded';

export interface TestDatabase {
  url: string;
  /** Removes the database and ends whoever is still connected to it. */
  drop(): Promise<void>;
}

/** Where each kind of server is found: any database on it from which others can be created. */
const servers: Record<DatabaseKind, { variable: string; url: string | undefined }> = {
  postgres: {
    variable: 'TEST_DATABASE_URL',
    url: process.env.TEST_DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres',
  },
  embedded: { variable: 'TEST_EMBEDDED_URL', url: process.env.TEST_EMBEDDED_URL || undefined },
};

/** An empty database of its own for one test. Rejects with the reason when the server cannot be reached. */
export async function freshDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const { variable, url: server } = servers[kind];
  if (server === undefined) throw new Error(`no ${kind} server for tests: ${variable} is not set`);
  const name = `aos_test_${randomBytes(8).toString('hex')}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(server, `drop database if exists ${name} with (force)`),
  };
}

/**
 * Every kind of database with the reason why it is missing here, null when it is there. For suites that run on each:
 * `describe.skipIf(missing)(…)` keeps what could not run in the count of skipped tests instead of out of sight.
 *
 *     for (const { kind, title, missing } of await databaseKinds())
 *       describe.skipIf(missing)(title, () => { … freshDatabase(kind) … });
 */
export async function databaseKinds(): Promise<{ kind: DatabaseKind; title: string; missing: string | null }[]> {
  const kinds: DatabaseKind[] = ['postgres', 'embedded'];
  return Promise.all(
    kinds.map(async (kind) => {
      const missing = await whyMissing(kind);
      return { kind, title: missing === null ? `on ${kind}` : `on ${kind} (skipped: ${missing})`, missing };
    }),
  );
}

async function whyMissing(kind: DatabaseKind): Promise<string | null> {
  const { variable, url } = servers[kind];
  if (url === undefined) return `${variable} is not set`;
  try {
    await execute(url, 'select 1');
    return null;
  } catch (error) {
    return `${variable}: ${error instanceof Error ? error.message || error.name : String(error)}`;
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
