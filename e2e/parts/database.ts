import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { onServer, runPrefix, templateOn } from './template.ts';

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

/**
 * A database of its own with the schema of this version and nothing in it, as after the first start's migrations; empty
 * where no run of tests has a template, and then its first server migrates it. Rejects with the reason when the server
 * cannot be reached.
 */
export async function freshDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  return makeDatabase(kind, await templateOn(serverOf(kind)));
}

/** A database of its own without any schema: what is started on it, or migrates it, brings that. */
export const emptyDatabase = (kind: DatabaseKind): Promise<TestDatabase> => makeDatabase(kind);

async function makeDatabase(kind: DatabaseKind, template?: string): Promise<TestDatabase> {
  const server = serverOf(kind);
  const name = runPrefix() + randomBytes(8).toString('hex');
  await execute(server, `create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, dropping(name)) };
}

/** Removes every database that this run of tests has left. */
export const dropAllOf = (kind: DatabaseKind): Promise<void> =>
  onServer(serverOf(kind), async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [runPrefix()],
    );
    for (const { datname } of rows) await client.query(dropping(datname));
  });

const dropping = (name: string): string => `drop database if exists ${name} with (force)`;

function serverOf(kind: DatabaseKind): string {
  const { variable, url } = servers[kind];
  if (url === undefined) throw new Error(`no ${kind} server for tests: ${variable} is not set`);
  return url;
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

/** The lock was not had in time; a deadlock. */
const gave_way = new Set(['55P03', '40P01']);

/**
 * Changes a table under a server that works. It takes more than one lock, and a transaction of the server may hold one
 * and wait for another: whoever gives way must be the test, well before the database chooses one of the two.
 */
export async function changeSchema(pool: pg.Pool, statement: string): Promise<void> {
  const client = await pool.connect();
  try {
    for (;;) {
      try {
        await client.query(`begin; set local lock_timeout = '200ms'; ${statement}; commit`);
        return;
      } catch (error) {
        await client.query('rollback');
        if (!(error instanceof pg.DatabaseError) || !gave_way.has(error.code ?? '')) throw error;
      }
      await sleep(50);
    }
  } finally {
    client.release();
  }
}

async function execute(url: string, statement: string): Promise<void> {
  await onServer(url, (client) => client.query(statement));
}
