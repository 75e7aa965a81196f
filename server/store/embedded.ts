import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '@aos/core/base/error.ts';
import pg from 'pg';
import { makeDataFolder, ownDataFolder } from './data-folder.ts';
import { provideBinaries } from './embedded-binaries.ts';
import { initialise } from './embedded-initdb.ts';
import { type LaunchOptions, launch, serverIdentity } from './embedded-launch.ts';
import { findPlace, type Place } from './embedded-place.ts';
import { hintFor } from './embedded-refusal.ts';
import { comesUp, disownPid, isServerOf, readPostmaster, stopServer } from './postmaster.ts';

export interface EmbeddedOptions extends LaunchOptions {
  data_dir: string;
}

export interface Embedded {
  /** Connects as the superuser of database `aos`; holds the password, so it belongs in no log. */
  url: string;
  pid: number;
  /** True when a server that outlived an earlier process was taken over. */
  reused: boolean;
  /** Fast shutdown; resolves when the server is gone. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that AOS brings along, on 127.0.0.1 with a generated password (`postgres-password` in the data
 * folder, mode 0600), and makes its cluster at the first start. The server is a process of its own and outlives a
 * killed AOS; the next start with the same settings takes it over, any other start stops it first.
 * @throws Problem `governance_unavailable`, or `conflict` when another process uses this database.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  try {
    const data_dir = await makeDataFolder(options.data_dir);
    const place = await findPlace(data_dir);
    const owned = await ownDataFolder(place.home);
    try {
      const password = await keepPassword(data_dir, place);
      const { child, ...server } = await bringUp(place, password, options);
      let stopping: Promise<void> | undefined;
      const stopOnce = () => stopServer(server.pid, place.cluster).finally(() => owned.release());
      const stop = () => {
        stopping ??= stopOnce();
        return stopping;
      };
      child?.once('exit', () => stopping ?? options.log(`The embedded PostgreSQL (pid ${server.pid}) ended by itself`));
      return { ...server, stop };
    } catch (error) {
      await owned.release();
      throw error;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { message } = error as Error;
    throw new Problem(
      'governance_unavailable',
      `The embedded PostgreSQL of ${options.data_dir} could not be started: ${message}. ` +
        `${hintFor(message, 'Check that this user may write there')}, or set DATABASE_URL to a PostgreSQL server.`,
    );
  }
}

type Server = Omit<Embedded, 'stop'> & { child?: ChildProcess };

async function bringUp(place: Place, password: string, options: EmbeddedOptions): Promise<Server> {
  const urlOf = (at: number, database: string) => `postgresql://aos:${password}@127.0.0.1:${at}/${database}`;
  const { log, port } = options;
  const binaries = await provideBinaries(place.binaries_parent, log);
  const { account, home, cluster } = place;
  if (account) log(`Running as root: PostgreSQL runs as user ${account.name}, its data is in ${home}`);

  const running = await findRunning(place, log);
  if (running) {
    const known = await greet(urlOf(running.port, 'postgres')).catch(() => undefined); // mute: stopped, then started
    const isSame = known?.cluster === cluster && known.identity === serverIdentity(binaries);
    if (isSame && (port ?? running.port) === running.port) {
      log(`Taking over the PostgreSQL that an earlier start left running (pid ${running.pid})`);
      return { url: urlOf(running.port, 'aos'), pid: running.pid, reused: true };
    }
    log(`Stopping the PostgreSQL that an earlier start left running (pid ${running.pid})`);
    await stopServer(running.pid, cluster);
  }

  await disownPid(cluster);
  if (!existsSync(cluster)) {
    log(`Preparing the embedded database in ${home} (first start)`);
    await initialise(place, binaries, password);
  }
  const server = await launch(place, binaries, options);
  try {
    await greet(urlOf(server.port, 'postgres'));
  } catch (error) {
    await stopServer(server.pid, cluster);
    throw error;
  }
  return { url: urlOf(server.port, 'aos'), pid: server.pid, reused: false, child: server.child };
}

async function findRunning({ cluster }: Place, log: (message: string) => void) {
  const found = await readPostmaster(cluster);
  if (!found) return undefined;
  if (await comesUp(found.pid, cluster, () => isServerOf(found.pid, cluster), log)) return readPostmaster(cluster);
  if (await isServerOf(found.pid, cluster)) await stopServer(found.pid, cluster);
  return undefined;
}

/** Asks the server who it is, and makes the database `aos` when it is not there yet. */
async function greet(url: string): Promise<{ cluster: string; identity: string }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // a connection lost between two statements also fails the next one
  try {
    await client.connect();
    const { rows } = await client.query(`
      select current_setting('data_directory') as cluster, current_setting('cluster_name') as identity,
        exists (select from pg_database where datname = 'aos') as has_database`);
    if (!rows[0].has_database) await client.query('create database aos');
    return rows[0];
  } finally {
    await client.end();
  }
}

async function keepPassword(data_dir: string, { cluster }: Place): Promise<string> {
  const file = join(data_dir, 'postgres-password');
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
  if (existsSync(cluster)) {
    throw new Problem(
      'governance_unavailable',
      `${file} is missing, and the database in ${cluster} opens only with it. ` +
        'Restore the file from a backup, or move the database away to start with an empty one.',
    );
  }
  const password = randomBytes(32).toString('base64url');
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return password;
}
