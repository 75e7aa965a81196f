import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ServerOptions {
  /** Absent: the process starts its embedded database in `data_dir`. */
  database_url?: string;
  /** Absent: a temporary folder, removed by `stop`, or at the end of the tests. */
  data_dir?: string;
  /** Absent: a free one. */
  port?: number;
  /** For example `gateway,worker`; absent: all. */
  roles?: string;
  /** On top of, and stronger than, everything above. */
  env?: Record<string, string>;
  /** How long a start may take, first migration included. */
  start_ms?: number;
  /** Arguments of node; absent: the server, from source or (`AOS_TEST_DIST=1`) as built. */
  program?: string[];
  /** Jobs and connections as users have them, for what is measured. */
  as_installed?: boolean;
}

export interface ServerProcess {
  url: string;
  /** The same for all processes on one database, so that replicas agree on it. */
  admin_key: string;
  pid: number;
  data_dir: string;
  /** What it wrote to stdout and stderr so far (the last 4 MB). */
  output(): string;
  /** Resolves when the process is gone, however it ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it as a crash does; the data folder stays. */
  kill9(): Promise<void>;
  /** SIGTERM, then waits. Rejects when it has to be killed after a minute. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const kept_output = 4_000_000;
const stop_ms = 60_000;
const living = new Set<ChildProcess>();
const own_dirs = new Set<string>();

process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
  for (const dir of own_dirs) rmSync(dir, { recursive: true, force: true });
});

/** Starts a real server process and waits until `GET /health` answers 200. Rejects with its output when it does not. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    const server = launch(options, options.port ?? (await freePort()));
    try {
      await untilHealthy(server, options.start_ms ?? 240_000);
      return server;
    } catch (error) {
      await server.kill9();
      // Between finding a free port and listening on it, another process may have taken it.
      const retry = options.port === undefined && attempt < 3 && server.output().includes('EADDRINUSE');
      if (!retry) throw error;
    }
  }
}

/** Jobs have their turn at once; and servers of several tests share one PostgreSQL, which lets in 100 connections. */
const of_tests = { AOS_JOBS_EVERY_MS: '1000', AOS_MAX_CONNECTIONS: '8' };

function launch(options: ServerOptions, port: number): ServerProcess {
  const data_dir = options.data_dir ?? makeDir();
  const built = process.env.AOS_TEST_DIST === '1';
  const program = options.program ?? (built ? ['dist/server/main.mjs'] : ['--import', 'tsx', 'server/main.ts']);
  const env = {
    ...inherited(),
    PORT: String(port),
    HOST: '127.0.0.1',
    DATABASE_URL: options.database_url ?? '',
    AOS_DATA_DIR: data_dir,
    AOS_ADMIN_KEY: adminKeyFor(options.database_url ?? data_dir),
    LOG_LEVEL: 'warn',
    ...(options.as_installed !== true && of_tests),
    ...(options.roles !== undefined && { AOS_ROLES: options.roles }),
    ...options.env,
  };
  const child = spawn(process.execPath, program, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  let text = '';
  const keep = (part: Buffer): void => {
    text = (text + part.toString()).slice(-kept_output);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited: ServerProcess['exited'] = new Promise((resolve) => {
    child.once('error', (error) => {
      keep(Buffer.from(String(error)));
      resolve({ code: null, signal: null });
    });
    child.once('close', (code, signal) => {
      living.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    admin_key: env.AOS_ADMIN_KEY,
    pid: child.pid ?? -1,
    data_dir,
    output: () => text,
    exited,
    kill9: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stop_ms);
      const { signal } = await exited;
      clearTimeout(timer);
      if (own_dirs.delete(data_dir)) rmSync(data_dir, { recursive: true, force: true });
      if (signal === 'SIGKILL') throw new Error(`the server did not stop within ${stop_ms} ms of SIGTERM:\n${text}`);
    },
  };
}

async function untilHealthy(server: ServerProcess, start_ms: number): Promise<void> {
  const until = Date.now() + start_ms;
  let ended = false;
  void server.exited.then(() => {
    ended = true;
  });
  while (!ended && Date.now() < until) {
    const healthy = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2_000) }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status === 200;
      },
      () => false,
    );
    if (healthy) return;
    await Promise.race([sleep(50), server.exited]);
  }
  const what = ended ? 'ended before it was healthy' : `was not healthy within ${start_ms} ms`;
  throw new Error(`the server ${what}; its output:\n${server.output()}`);
}

/** The environment without what would configure the server behind the test's back. */
function inherited(): Record<string, string> {
  const configuring = /^(AOS_|OPENAI_|ANTHROPIC_|SMTP_|VITEST|TEST_|NODE_ENV$|DATABASE_URL$|PORT$|HOST$|LOG_LEVEL$|PG)/;
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !configuring.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}

/** Replicas must agree on the key: starting with another one replaces it. So it is made from what they share. */
function adminKeyFor(store: string): string {
  return `aos_test_${createHash('sha256').update(store).digest('hex').slice(0, 40)}`;
}

function makeDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'aos-test-'));
  own_dirs.add(dir);
  return dir;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
