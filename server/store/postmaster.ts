import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Problem } from '@aos/core/base/error.ts';

const poll_ms = 10;
const start_limit_ms = 600_000;
const start_notice_ms = 5_000;
const fast_shutdown_ms = 60_000;
const immediate_shutdown_ms = 10_000;

/** What postmaster.pid says; the file is there as long as the server is, and after it crashed. */
export interface Postmaster {
  pid: number;
  port: number;
  is_ready: boolean;
}

/** The text of `postmaster.pid`; undefined where there is none, also when a server takes it away at this moment. */
async function readPidFile(cluster: string): Promise<string | undefined> {
  try {
    return await readFile(join(cluster, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads `postmaster.pid`: pid, data folder, start, port, socket folder, address, shared memory, state; one a line. */
export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readPidFile(cluster);
  if (text === undefined) return undefined;
  const [pid, , , port, , , , state] = text.split('\n');
  return { pid: Number(pid), port: Number(port), is_ready: state?.trim() === 'ready' };
}

/** Waits until the server `pid` takes connections; false when it is gone, or not ready in ten minutes. */
export async function comesUp(
  pid: number,
  cluster: string,
  isAlive: () => Promise<boolean>,
  log: (message: string) => void,
): Promise<boolean> {
  for (let waited_ms = 0; waited_ms < start_limit_ms; waited_ms += poll_ms) {
    if (!(await isAlive())) return false; // first, since the file of a killed server says ready for ever
    const server = await readPostmaster(cluster);
    if (server?.pid === pid && server.is_ready) return true;
    if (waited_ms === start_notice_ms)
      log('The embedded PostgreSQL is still starting; it may be recovering from a crash');
    await sleep(poll_ms);
  }
  return false;
}

/** True when `pid` is a living server of this cluster, not a stranger with a reused pid or a dead one not yet reaped. */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  try {
    // A server works in its data folder, and the kernel follows that folder through renames.
    if (existsSync('/proc/self/cwd')) return (await readlink(`/proc/${pid}/cwd`)) === cluster;
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(cluster);
  } catch {
    return false; // no such process, a dead one, or another user's: none is a server that we started
  }
}

/**
 * Lets a start pass a pid file whose pid is now a stranger's: PostgreSQL only asks whether the pid lives, and would
 * refuse. The file stays, with a pid above every system's highest, because its shared memory line is what keeps a
 * second server away from orphaned backends of the first.
 */
export async function disownPid(cluster: string): Promise<void> {
  const text = await readPidFile(cluster);
  if (text === undefined) return;
  const [, ...rest] = text.split('\n');
  const file = await open(join(cluster, 'postmaster.pid'), 'r+');
  const bytes = await file.write(['2147483646', ...rest].join('\n'), 0);
  await file.truncate(bytes.bytesWritten);
  await file.close();
}

/** Stops the server and waits for its end: fast, and when that does not end it, immediate (a crash is recovered from). */
export async function stopServer(pid: number, cluster: string): Promise<void> {
  if (await endsBy('SIGINT', fast_shutdown_ms, pid, cluster)) return;
  if (await endsBy('SIGQUIT', immediate_shutdown_ms, pid, cluster)) return;
  throw new Problem(
    'governance_unavailable',
    `The embedded PostgreSQL (pid ${pid}) does not stop. No row is lost by ending it: kill -9 ${pid}, then start again.`,
  );
}

async function endsBy(signal: NodeJS.Signals, limit_ms: number, pid: number, cluster: string): Promise<boolean> {
  if (!(await isServerOf(pid, cluster))) return true;
  process.kill(pid, signal);
  for (let waited_ms = 0; waited_ms < limit_ms; waited_ms += poll_ms) {
    await sleep(poll_ms);
    if (!(await isServerOf(pid, cluster))) return true;
  }
  return false;
}
