import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Embedded, startEmbedded } from './embedded.ts';

const module_url = pathToFileURL(join(import.meta.dirname, 'embedded.ts')).href;
const is_root = process.getuid?.() === 0;
const nobody = { uid: 65534, gid: 65534 };
const lines: string[] = [];
let parent: string;
let data_dir: string;

const started: Embedded[] = [];

async function start(dir = data_dir, port?: number): Promise<Embedded> {
  const server = await startEmbedded({ data_dir: dir, log: (line) => lines.push(line), ...(port && { port }) });
  started.push(server);
  return server;
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** A process that owns the embedded database of `dir`; it prints the server's pid and every row once acknowledged. */
function ownerProcess(dir: string, account: { uid?: number; gid?: number } = {}) {
  const program = `
    import pg from 'pg';
    import { startEmbedded } from ${JSON.stringify(module_url)};
    const server = await startEmbedded({ data_dir: ${JSON.stringify(dir)}, log: () => {} });
    console.log('server', server.pid);
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query('create table if not exists kept (n int primary key)');
    const { rows } = await client.query('select coalesce(max(n), 0) as last from kept');
    for (let n = rows[0].last + 1; ; n++) {
      await client.query('insert into kept values ($1)', [n]);
      console.log('row', n);
    }`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    ...account,
    env: { PATH: process.env.PATH, HOME: parent, TMPDIR: parent },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Kills the owner with -9 amid its inserts, after at least 200, and gives what it had been told. */
async function writeAndKill(owner: ReturnType<typeof ownerProcess>) {
  let printed = '';
  owner.stdout.on('data', (chunk) => {
    printed += chunk;
    if (printed.split('row ').length > 200) owner.kill('SIGKILL');
  });
  await once(owner, 'close');
  const rows = [...printed.matchAll(/row (\d+)\n/g)].map(([, n]) => Number(n));
  expect(rows.length).toBeGreaterThanOrEqual(199);
  return { acknowledged: rows.at(-1) ?? 0, server_pid: Number(/server (\d+)/.exec(printed)?.[1]) };
}

async function expectKept(url: string, acknowledged: number) {
  const rows = await ask(url, 'select count(*)::int as found, max(n) as last from kept');
  expect(rows[0]?.found).toBe(rows[0]?.last);
  expect(rows[0]?.last).toBeGreaterThanOrEqual(acknowledged);
}

async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 500; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'aos-embedded-'));
  await chmod(parent, 0o777);
  data_dir = join(parent, 'data');
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});
afterAll(() => rm(parent, { recursive: true }));

describe('the embedded database', () => {
  test('keeps its rows from one start to the next', async () => {
    const first = await start();
    expect(first.reused).toBe(false);
    await ask(first.url, 'create table notes (text text)');
    await ask(first.url, "insert into notes values ('Łódź')");
    await first.stop();
    expect(await isGone(first.pid)).toBe(true);

    const second = await start();
    expect(second.reused).toBe(false);
    expect(await ask(second.url, 'select text from notes')).toEqual([{ text: 'Łódź' }]);
    await second.stop();
  });

  test('is durable, in UTF-8 and UTC, and listens on the loopback address alone', async () => {
    const server = await start();
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_encoding', 'jit'];
    const shown = await ask(
      server.url,
      `select name, setting from pg_settings where name in
      (${[...names, 'TimeZone', 'listen_addresses', 'unix_socket_directories'].map((name) => `'${name}'`)})`,
    );
    expect(Object.fromEntries(shown.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      jit: 'off',
      TimeZone: 'UTC',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
    });
  });

  test('opens only with its password, which only its owner can read and no log line holds', async () => {
    const server = await start();
    const { password } = new URL(server.url);
    expect(password).toMatch(/^[\w-]{43}$/);
    expect((await stat(join(data_dir, 'postgres-password'))).mode & 0o777).toBe(0o600);
    expect(lines.join('\n')).not.toContain(password);
    await expect(ask(server.url.replace(password, 'wrong'), 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('keeps every acknowledged row when its owner is killed with -9, and is taken over by the next start', async () => {
    const { acknowledged, server_pid } = await writeAndKill(ownerProcess(data_dir));
    const server = await start();
    expect(server).toMatchObject({ reused: true, pid: server_pid });
    await expectKept(server.url, acknowledged);
    await server.stop();
    expect(await isGone(server_pid)).toBe(true);
  });

  test('keeps every acknowledged row when the server is killed with -9 as well', async () => {
    const { acknowledged, server_pid } = await writeAndKill(ownerProcess(data_dir));
    process.kill(server_pid, 'SIGKILL');
    const server = await start();
    expect(server.reused).toBe(false);
    await expectKept(server.url, acknowledged);
  });

  test('says so when its server ends by itself', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    expect(await isGone(server.pid)).toBe(true);
    expect(lines).toContain(`The embedded PostgreSQL (pid ${server.pid}) ended by itself`);
  });

  test('never runs beside a process that a killed server left behind: it waits for its end', async () => {
    const killed = await start();
    const client = new pg.Client({ connectionString: killed.url });
    client.on('error', () => {}); // its server is about to be killed
    await client.connect();
    const { rows } = await client.query('select pg_backend_pid() as pid');
    process.kill(rows[0].pid, 'SIGSTOP');
    process.kill(killed.pid, 'SIGKILL');
    await isGone(killed.pid);
    await killed.stop();

    const starting = start();
    const early = await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, 700, 'waiting'))]);
    expect(early).toBe('waiting');
    process.kill(rows[0].pid, 'SIGCONT');
    await starting;
    expect(await isGone(rows[0].pid)).toBe(true);
  });

  test('is stopped and started anew when another port is asked for', async () => {
    const { server_pid } = await writeAndKill(ownerProcess(data_dir));
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await expect(start(data_dir, port)).rejects.toThrow(
      /could not bind IPv4 address[\s\S]*Free that port or choose another/,
    );
    expect(await isGone(server_pid)).toBe(true);
    taken.close();
    await once(taken, 'close');
    const server = await start(data_dir, port);
    expect(new URL(server.url).port).toBe(String(port));
  });

  test('has one owner: a second start names the pid and what to do', async () => {
    await start();
    await expect(start()).rejects.toThrow(
      `is in use by the process with pid ${process.pid}, and a data folder has one owner at a time. Stop that process`,
    );
  });

  test("starts although its pid file names a stranger's process", async () => {
    const file = join(data_dir, 'postgres', 'data', 'postmaster.pid');
    const { uid, gid } = await stat(join(data_dir, 'postgres', 'data'));
    const stranger = spawn('sleep', ['60'], { uid, gid });
    await writeFile(
      file,
      `${stranger.pid}\n${join(data_dir, 'postgres/data')}\n1\n5432\n\n127.0.0.1\n  1  1\nready   \n`,
    );
    await chown(file, uid, gid);
    const server = await start();
    expect(server.reused).toBe(false);
    expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    await server.stop();
    stranger.kill();
  });

  test('says what to do when its password file is gone', async () => {
    const file = join(data_dir, 'postgres-password');
    await rename(file, `${file}.away`);
    await expect(start()).rejects.toThrow(/postgres-password is missing.*Restore the file from a backup/);
    await rename(`${file}.away`, file);
  });

  test('tells why in the words of PostgreSQL when its files are not usable', async () => {
    const file = join(data_dir, 'postgres', 'data', 'PG_VERSION');
    const version = await readFile(file);
    await writeFile(file, '11\n');
    await expect(start()).rejects.toThrow(/incompatible with server[\s\S]*pg_dump[\s\S]*or set DATABASE_URL/);
    await writeFile(file, version);
    await (await start()).stop();
  });
});

describe.runIf(is_root)('started by root, the embedded database', () => {
  const isOwnedByRoot = async (path: string) => (await stat(path)).uid === 0;

  test('runs as an unprivileged user in the data folder when that user can reach it', async () => {
    const server = await start();
    expect(await isOwnedByRoot(join(data_dir, 'postgres', 'data'))).toBe(false);
    expect(await isOwnedByRoot(`/proc/${server.pid}`)).toBe(false);
    expect(lines.some((line) => /^Running as root: PostgreSQL runs as user \w+, its data is in /.test(line))).toBe(
      true,
    );
  });

  test('lives under /var/lib/aos when nobody can pass to the data folder, and stays there', async () => {
    const dir = join(parent, 'closed', 'data');
    await mkdir(join(parent, 'closed'), { mode: 0o700 });
    const server = await start(dir);
    const home = (await readFile(join(dir, 'postgres-home'), 'utf8')).trim();
    try {
      expect(home).toMatch(/^\/var\/lib\/aos\/[0-9a-f]{12}-[0-9a-f]{6}$/);
      await ask(server.url, 'create table notes (text text)');
      await server.stop();
      await chmod(join(parent, 'closed'), 0o711);
      const again = await start(dir);
      expect(await ask(again.url, 'select * from notes')).toEqual([]);
      await again.stop();
    } finally {
      await rm(home, { recursive: true });
    }
  });

  const reachable = is_root && canRead(join(import.meta.dirname, 'embedded.ts')) && canRead(process.execPath);
  test.runIf(reachable)('is none of its affair: an ordinary user runs it in the data folder', async () => {
    const dir = join(parent, 'ordinary');
    const { acknowledged, server_pid } = await writeAndKill(ownerProcess(dir, nobody));
    expect((await stat(`/proc/${server_pid}`)).uid).toBe(nobody.uid);
    expect((await stat(join(dir, 'postgres', 'data'))).uid).toBe(nobody.uid);
    expect(existsSync(join(dir, 'postgres-home'))).toBe(false);
    const server: Embedded = await start(dir);
    expect(server.reused).toBe(true);
    await expectKept(server.url, acknowledged);
  });

  function canRead(path: string): boolean {
    try {
      execFileSync('/bin/sh', ['-c', 'test -r "$1"', 'sh', path], { ...nobody, cwd: '/' });
      return true;
    } catch {
      return false;
    }
  }
});
