import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { waitFor } from '../../../e2e/parts/client.ts';

const run = promisify(execFile);
const versions = '/usr/lib/postgresql';

/** A PostgreSQL of its own on a disk of its own, small enough to be filled. It is started again whenever it gives up. */
export interface SmallDisk {
  url: string;
  /** Leaves not a byte free, and takes what is freed. */
  fill(): Promise<void>;
  /** There is room again. */
  empty(): Promise<void>;
  /** The number that a statement answers, asked past the server. */
  count(statement: string): Promise<number>;
  remove(): Promise<void>;
}

/** Null when this machine cannot have one. */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux, to mount a small disk';
  return existsSync(versions) ? null : `it needs the programs of PostgreSQL in ${versions}`;
}

export async function smallDisk({ megabytes, port }: { megabytes: number; port: number }): Promise<SmallDisk> {
  const [version] = readdirSync(versions).sort().reverse();
  const program = (name: string) => path.join(versions, version ?? '', 'bin', name);
  // PostgreSQL refuses to be root.
  const user = await userOf('postgres');
  const folder = mkdtempSync(path.join(tmpdir(), 'aos-small-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', folder]);
  const data = path.join(folder, 'data');
  const as = { ...user, cwd: folder };
  await run(program('initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8'], as);
  const settings = ['port', 'shared_buffers', 'min_wal_size', 'max_wal_size', 'unix_socket_directories', 'wal_recycle'];
  const values = [String(port), '16MB', '32MB', '32MB', folder, 'off'];
  const args = settings.flatMap((name, n) => ['-c', `${name}=${values[n]}`]);
  let is_over = false;
  const start = () => spawn(program('postgres'), ['-D', data, ...args], { ...as, stdio: 'ignore' });
  let child = start();
  // What an operating system does for its services: one that ended is started again.
  const supervised = (async () => {
    for (;;) {
      await once(child, 'exit');
      if (is_over) return;
      await pause(200);
      child = start();
    }
  })();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const ask = async (statement: string) => {
    const client = new pg.Client({ connectionString: url, options: '-c search_path=aos' });
    client.on('error', () => undefined);
    await client.connect();
    const answer = await client.query({ text: statement, rowMode: 'array' }).finally(() => client.end());
    return Number(answer.rows[0]?.[0]);
  };
  await waitFor(() => ask('select 1').catch(() => false), { what: 'the small PostgreSQL' });
  const ballast = path.join(folder, 'ballast');
  let filling: Promise<void> | null = null;
  let is_full = false;
  const fill = async () => {
    const file = await open(ballast, 'w');
    const block = Buffer.alloc(65_536);
    while (is_full)
      await file
        .write(block)
        .catch(() => file.write(Buffer.alloc(4_096)))
        .catch(() => pause(20));
    await file.close();
  };
  return {
    url,
    fill: async () => {
      is_full = true;
      filling = fill();
    },
    empty: async () => {
      is_full = false;
      await filling;
      rmSync(ballast, { force: true });
    },
    count: ask,
    remove: async () => {
      is_over = true;
      child.kill('SIGINT');
      await supervised;
      await run('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function userOf(name: string): Promise<{ uid: number; gid: number }> {
  const idOf = async (flag: string) => Number((await run('id', [flag, name])).stdout);
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}
