import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Problem } from '@aos/core/base/error.ts';
import type { Binaries } from './embedded-binaries.ts';
import { childOptions, type Place } from './embedded-place.ts';
import { readPostmaster, stopServer } from './postmaster.ts';

/** Given on the command line, so that an older cluster gets them too. Durability is PostgreSQL's own: fsync on. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // the path of a data folder may be longer than a socket's may be
  max_connections: '100',
  shared_buffers: '128MB',
  max_locks_per_transaction: '256', // a statement over a partitioned table locks every partition and its indexes
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  jit: 'off', // compiling costs more than it saves on statements this short
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  client_connection_check_interval: '1s', // ends the statements of a client that was killed
  log_min_messages: 'log', // failed statements are reported to their caller; here they would spill row contents
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

const poll_ms = 10;
const patience_ms = 600_000;
const start_attempts = 10;

/** Names the settings and version that a running server was started with; a server of another identity is restarted. */
export function serverIdentity({ version }: Binaries): string {
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8);
  return `aos-${version}-${hash}`;
}

/** Makes the cluster beside its final name and renames it, so that an interrupted first start leaves no half of one. */
export async function initialise(place: Place, { initdb }: Binaries, password: string, log: (m: string) => void) {
  log(`Preparing the embedded database in ${place.home} (first start)`);
  const fresh = `${place.cluster}.new`;
  const password_file = join(place.home, `initial-${randomBytes(4).toString('hex')}`);
  await rm(fresh, { recursive: true, force: true });
  await writeFile(password_file, password, { mode: 0o600, flag: 'wx' });
  try {
    if (place.account) await chown(password_file, place.account.uid, place.account.gid);
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--username=aos', '--auth=scram-sha-256', `--pwfile=${password_file}`];
    const args = [`--pgdata=${fresh}`, '--data-checksums', '--no-instructions', ...locale, ...access];
    await promisify(execFile)(initdb, args, childOptions(place));
    await rename(fresh, place.cluster);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw refusal(place, 'its first set-up (initdb) failed', stderr?.trim() || message);
  } finally {
    await rm(password_file, { force: true });
  }
}

/** Starts the server and waits until it takes connections. Tries again when the port was taken in between. */
export async function launch(place: Place, binaries: Binaries, log: (m: string) => void, port?: number) {
  for (let attempt = 1; ; attempt++) {
    const at = port ?? (await freePort());
    const outcome = await launchOnce(place, binaries, log, at);
    if ('pid' in outcome) return { pid: outcome.pid, port: at };
    const isPortTaken = /could not (bind|create any TCP)/.test(outcome.why) && port === undefined;
    const hasOrphans = /pre-existing shared memory block/.test(outcome.why);
    if (!(isPortTaken || hasOrphans) || attempt === start_attempts) {
      throw refusal(place, 'the server ended while it started', outcome.why);
    }
    if (hasOrphans) await sleep(1_000); // backends of a killed server notice its death and leave
  }
}

async function launchOnce(place: Place, { version, postgres }: Binaries, log: (m: string) => void, port: number) {
  const log_path = join(place.home, 'server.log');
  const log_file = await open(log_path, 'a', 0o600);
  const { size } = await log_file.stat();
  const all = { ...settings, port, cluster_name: serverIdentity({ version, postgres, initdb: '' }) };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A session of its own: Ctrl-C in the terminal must reach AOS first and the database last.
  const stdio = ['ignore' as const, log_file.fd, log_file.fd];
  const child = spawn(postgres, ['-D', place.cluster, ...args], { ...childOptions(place), detached: true, stdio });
  child.unref();
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `exit ${code ?? signal}`;
  });
  const isAlive = async () => ended === undefined;
  const isUp = child.pid !== undefined && (await comesUp(child.pid, place.cluster, isAlive, log));
  await log_file.close();
  if (isUp && child.pid !== undefined) {
    watch(child, place, log);
    return { pid: child.pid };
  }
  const why = `${ended ?? 'no answer in time'}\n${await tail(log_path, size)}`;
  return { why };
}
