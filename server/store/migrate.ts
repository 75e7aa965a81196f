import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { without_a_word } from './without-a-word.ts';

/** The numbered files: beside this file in the source tree, and beside the bundle in a build. */
const migrations_folder = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any number: one process migrates a database at a time, the others wait for it. */
const migration_lock = 4_607_182;

export interface Migrated {
  /** Names of the files applied just now, in order; empty when the schema was current. */
  applied: string[];
  /** The newest file's name: what the schema is. */
  version: string;
}

/**
 * Brings the schema `aos` up to date: files that are not applied yet, in the order of their numbers, each in its own
 * transaction, under one lock. One that landed late is applied after higher numbers, where a version between two releases
 * has gone before. Refuses a database with files that this program does not have, or has with other contents.
 */
export async function migrate(url: string, folder = migrations_folder): Promise<Migrated> {
  const client = new pg.Client({
    connectionString: url,
    options: `-c search_path=aos -c timezone=UTC ${without_a_word}`,
    // A network that drops packets says nothing for minutes, and a start that waits says nothing either.
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migration_lock]);
    await requireVersion(client);
    await client.query('create schema if not exists aos');
    await client.query(`create table if not exists schema_migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null default clock_timestamp())`);
    const files = await migrationFiles(folder);
    const done = await client.query<{ name: string; checksum: string }>(
      'select name, checksum from schema_migrations order by name',
    );
    refuseForeign(files, done.rows);
    const applied = new Set(done.rows.map(({ name }) => name));
    const open = files.filter(({ name }) => !applied.has(name));
    for (const file of open) await apply(client, file);
    await client.query('call ensure_partitions(clock_timestamp(), 4)');
    return { applied: open.map((file) => file.name), version: files.at(-1)?.name ?? 'none' };
  } finally {
    await client.end();
  }
}

interface MigrationFile {
  name: string;
  text: string;
  checksum: string;
}

async function migrationFiles(folder: string): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>("select current_setting('server_version_num') as version");
  const version = Number(rows[0]?.version);
  if (version < 150_000) {
    throw new Error(
      `PostgreSQL 15 or newer is needed, this is ${Math.floor(version / 10_000)}: point DATABASE_URL at a newer server`,
    );
  }
}

function refuseForeign(files: MigrationFile[], done: { name: string; checksum: string }[]): void {
  const ours = new Map(files.map(({ name, checksum }) => [name, checksum]));
  for (const { name, checksum } of done) {
    if (!ours.has(name)) {
      throw new Error(
        `the database has migration ${name}, which this version does not have: start the version that applied it, or a newer one`,
      );
    }
    if (ours.get(name) !== checksum) {
      throw new Error(
        `migration ${name} was applied with other contents than this version ships: restore the file or the database`,
      );
    }
  }
}

async function apply(client: pg.Client, file: MigrationFile): Promise<void> {
  await client.query('begin');
  try {
    await client.query(file.text);
    await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [file.name, file.checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${file.name} failed: ${(error as Error).message}`, { cause: error });
  }
}
