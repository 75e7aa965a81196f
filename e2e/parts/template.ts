import { migrate } from '@aos/server/store/migrate.ts';
import pg from 'pg';

/** What the names of all databases of a run begin with; `one-run.ts` names the run for all its workers. */
export const runPrefix = (): string => `aos_test_${process.env.AOS_TEST_RUN ?? 'alone'}_`;

/** Any number: one worker makes the template of a server, the others wait for it. */
const template_lock = 4_607_183;

/**
 * The database on this server that the run's fresh ones are copied from: migrated once, by whoever asks first, since to
 * migrate takes many times as long as to copy. Undefined outside of such a run.
 */
export async function templateOn(server: string): Promise<string | undefined> {
  if (process.env.AOS_TEST_RUN === undefined) return undefined;
  const name = `${runPrefix()}template`;
  await onServer(server, async (client) => {
    await client.query('select pg_advisory_lock($1)', [template_lock]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return;
    // Only a whole one gets the name that others look for.
    await client.query(`create database ${name}_unfinished`);
    const url = new URL(server);
    url.pathname = `/${name}_unfinished`;
    await migrate(url.href);
    await client.query(`alter database ${name}_unfinished rename to ${name}`);
  });
  return name;
}

export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
