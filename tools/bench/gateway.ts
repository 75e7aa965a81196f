import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startEmbedded } from '@aos/server/store/embedded.ts';
import { freshDatabase } from '../../e2e/parts/database.ts';
import { type ServerProcess, startServer } from '../../e2e/parts/processes.ts';
import { type Line, tableOf } from './figures.ts';
import { ownLoad } from './load.ts';
import { built_program, makePolicies } from './subject.ts';

/**
 * The built gateway with everything on (keys, 100 active policies of which four controls match, exact holds, durable
 * records) on a PostgreSQL of its own, measured beside a raw pass-through in the same run. Builds it, sets everything up, prints the rows of the table in docs/performance.md, and removes everything.
 *
 *     npm run bench:gateway [-- --rounds 3 --seconds 3 --suites throughput,latency,stream]
 *
 * `--bench FOLDER` hands the gateway to a harness instead, whose `bench.mjs` takes any gateway by URL, starts the
 * provider it forwards to (`--upstream-port`) and prints JSON lines. `TEST_DATABASE_URL` names another PostgreSQL.
 */
const { values } = parseArgs({
  options: {
    bench: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    suites: { type: 'string', default: 'throughput,latency,stream' },
    'upstream-port': { type: 'string', default: '9100' },
    /** Node's own arguments for the server, for example `--cpu-prof`; of two that contradict, these count. */
    node: { type: 'string', multiple: true, default: [] },
    /** Prepares the server, prints how to reach it, and leaves it running until it is interrupted. */
    hold: { type: 'boolean', default: false },
    port: { type: 'string' },
  },
});

/** What this bench started, to be ended in the order of the last first. */
const started: (() => Promise<unknown> | void)[] = [];
try {
  if (values.bench !== undefined) refuseIfMissing(values.bench);
  const built = spawnSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
  await measure(await openDatabase());
} finally {
  for (const end of started.reverse())
    await Promise.resolve(end()).catch((error: unknown) => console.error(String(error)));
}

/** Says all that a harness needs and does not find. */
function refuseIfMissing(folder: string): void {
  const on_path = (name: string) => (process.env.PATH ?? '').split(delimiter).some((of) => existsSync(join(of, name)));
  const missing = [
    ...(existsSync(resolve(folder, 'bench.mjs')) ? [] : [`${resolve(folder, 'bench.mjs')}, the harness`]),
    ...(on_path('wrk') ? [] : ['the program wrk (on Debian: apt-get install wrk)']),
  ];
  if (missing.length === 0) return;
  console.error(`Missing: ${missing.join('; ')}. Without --bench a small load of our own is used.`);
  process.exit(1);
}

/** A database on the server of the environment, else on an embedded one of its own, whose CPU can be told apart. */
async function openDatabase(): Promise<{ url: string; pid: number }> {
  if (process.env.TEST_DATABASE_URL) {
    const database = await freshDatabase('postgres');
    started.push(() => database.drop());
    return { url: database.url, pid: 0 };
  }
  const folder = mkdtempSync(join(tmpdir(), 'aos-bench-'));
  started.push(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711); // as root, the database's own user passes through
  const embedded = await startEmbedded({ data_dir: join(folder, 'data'), log: () => undefined });
  started.push(() => embedded.stop());
  return embedded;
}

async function measure(database: { url: string; pid: number }): Promise<void> {
  const server = await startServer({
    database_url: database.url,
    start_ms: 300_000,
    as_installed: true,
    program: [...built_program.slice(0, -1), ...values.node, ...built_program.slice(-1)],
    ...(values.port !== undefined && { port: Number(values.port) }),
    env: {
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_BASE_URL: `http://127.0.0.1:${values['upstream-port']}/v1`,
      AOS_SECRET_KEY: randomBytes(32).toString('base64'),
    },
  });
  started.push(() => server.stop());
  await makePolicies(server);
  const { url, pid, admin_key: key } = server;
  if (values.hold) {
    console.log(JSON.stringify({ gateway: `${url}/v1`, pid, key, database: database.url }));
    await new Promise((stop) => process.once('SIGINT', stop).once('SIGTERM', stop));
    return;
  }
  console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadNow()} before`);
  const { rounds, seconds, suites, 'upstream-port': port } = values;
  const of = {
    rounds: Number(rounds),
    seconds: Number(seconds),
    suites: suites.split(','),
    upstream_port: Number(port),
  };
  const line =
    values.bench === undefined
      ? await ownLoad({ ...of, url, key, pid, database_pid: database.pid })
      : await harness(values.bench, server, new URL(database.url).port || '5432');
  console.log(`${tableOf(line)}\n\nload ${loadNow()} after`);
}

function loadNow(): string {
  try {
    return readFileSync('/proc/loadavg', 'latin1').split(' ').slice(0, 2).join(' ');
  } catch {
    return 'unknown';
  }
}

/** Runs the harness on the gateway and answers its last line, which it prints as it comes. */
async function harness(folder: string, server: ServerProcess, database_port: string): Promise<Line> {
  const { rounds, seconds, suites, 'upstream-port': upstream } = values;
  const target = ['--target', `aos=${server.url}/v1`, '--header', `authorization: Bearer ${server.admin_key}`];
  const options = {
    rounds,
    seconds,
    suites,
    'upstream-port': upstream,
    'helper-ports': database_port,
    baselines: 'no',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  // The harness starts its pass-through in the folder of its peers, which it makes only for some of them.
  const home = mkdtempSync(join(tmpdir(), 'aos-bench-'));
  const child = spawn(process.execPath, [resolve(folder, 'bench.mjs'), ...target, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
    env: { ...process.env, BENCH_PEERS_DIR: home },
  });
  const ended = new Promise<void>((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`the harness ended with ${code}`))));
  });
  let line: Line = {};
  for await (const text of createInterface({ input: child.stdout })) {
    console.log(text);
    if (text.startsWith('{"target":"aos"')) line = JSON.parse(text) as Line;
  }
  await ended;
  rmSync(home, { recursive: true });
  return line;
}
