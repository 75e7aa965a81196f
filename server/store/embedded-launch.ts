import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './embedded-binaries.ts';
import { childOptions, type Place } from './embedded-place.ts';
import { refusal } from './embedded-refusal.ts';
import { comesUp, stopServer } from './postmaster.ts';

/** Given on the command line, so that an older cluster gets them too. */
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

const start_attempts = 10;
const log_bytes_max = 8_000_000;

/** Names the settings and version that a running server was started with; a server of another identity is restarted. */
export function serverIdentity({ version }: Binaries): string {
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8);
  return `aos-${version}-${hash}`;
}

export interface LaunchOptions {
  log: (message: string) => void;
  /** Loopback port; a free one when absent. */
  port?: number;
}

export interface Launched {
  pid: number;
  port: number;
  child: ChildProcess;
}

/** Starts the server and waits until it takes connections; tries again when its port was taken in between. */
export async function launch(place: Place, binaries: Binaries, options: LaunchOptions): Promise<Launched> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const outcome = await launchOnce(place, binaries, port, options.log);
    if ('child' in outcome) return { ...outcome, port };
    const isPortTaken = options.port === undefined && /could not (bind|create any TCP)/.test(outcome.why);
    const hasOrphans = /pre-existing shared memory block/.test(outcome.why);
    if (!(isPortTaken || hasOrphans) || attempt === start_attempts) {
      throw refusal(place.home, 'the server ended while it started', outcome.why);
    }
    if (hasOrphans) await sleep(1_000); // the backends of a killed server notice its death and leave
  }
}

async function launchOnce(
  place: Place,
  binaries: Binaries,
  port: number,
  log: LaunchOptions['log'],
): Promise<Omit<Launched, 'port'> | { why: string }> {
  const log_path = join(place.home, 'server.log');
  const log_file = await open(log_path, 'a', 0o600);
  if ((await log_file.stat()).size > log_bytes_max) await log_file.truncate();
  const { size } = await log_file.stat();
  const configuration = { ...settings, port, cluster_name: serverIdentity(binaries) };
  const args = Object.entries(configuration).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(binaries.postgres, ['-D', place.cluster, ...args], {
    ...childOptions(place),
    detached: true, // Ctrl-C in the terminal must reach AOS alone, which stops the database last
    stdio: ['ignore', log_file.fd, log_file.fd],
  });
  child.unref();
  const { pid } = child;
  const end = noteEnd(child);
  const isAlive = async () => end.reason === undefined;
  try {
    if (pid !== undefined && (await comesUp(pid, place.cluster, isAlive, log))) return { pid, child };
    if (pid !== undefined) await stopServer(pid, place.cluster);
  } finally {
    await log_file.close();
  }
  const written = (await readFile(log_path)).subarray(size).toString('utf8');
  return { why: `${written}${end.reason ?? 'no answer in time'}` };
}

function noteEnd(child: ChildProcess): { reason: string | undefined } {
  const end: { reason: string | undefined } = { reason: undefined };
  child.once('error', (error) => {
    end.reason = error.message;
  });
  child.once('exit', (code, signal) => {
    end.reason = signal ? `ended by ${signal}` : `exit code ${code}`;
  });
  return end;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
