import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { api, makePolicy } from '../../e2e/parts/client.ts';
import { freshDatabase } from '../../e2e/parts/database.ts';
import { startServer } from '../../e2e/parts/processes.ts';

/**
 * The built gateway with everything on (keys, 100 active policies of which four controls match, exact holds, durable
 * records), started on a fresh database and handed to a load harness that takes any gateway by URL. The harness starts
 * the provider this server forwards to (`--upstream-port`, 9100) and prints its figures.
 *
 *     npm run bench:gateway -- --harness FOLDER [--rounds 3] [--suites throughput,latency,stream]
 *
 * `TEST_DATABASE_URL` names the PostgreSQL to use; give the bench a cluster of its own, so that its CPU can be told apart.
 */
const { values } = parseArgs({
  options: {
    harness: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    suites: { type: 'string', default: 'throughput,latency,stream' },
    'upstream-port': { type: 'string', default: '9100' },
    /** Node's own arguments for the server, for example `--cpu-prof`. */
    node: { type: 'string', multiple: true, default: [] },
    /** Prepares the server, prints how to reach it, and leaves it running until it is interrupted. */
    hold: { type: 'boolean', default: false },
    port: { type: 'string' },
  },
});

const policies = 100;
const day = { per: 'day', timezone: 'UTC' };
const month = { per: 'month', timezone: 'UTC' };
const matching = [
  {
    name: 'All runs',
    target: { kind: 'all_runs' },
    controls: [
      { limit: { type: 'cost_usd', max: '100000', window: day }, action: 'block' },
      { limit: { type: 'requests', max: 1_000_000_000, window: day }, action: 'block' },
    ],
  },
  {
    name: 'The project',
    target: { kind: 'project', ids: ['default'] },
    controls: [
      { limit: { type: 'tokens_total', max: 1_000_000_000_000, window: month }, action: 'block' },
      { rule: { type: 'model_access', params: { deny: ['o1-pro'] } }, action: 'block' },
    ],
  },
];

const database = await freshDatabase('postgres');
const server = await startServer({
  database_url: database.url,
  program: ['--max-semi-space-size=32', ...values.node, 'dist/server/main.mjs'],
  ...(values.port !== undefined && { port: Number(values.port) }),
  env: {
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: `http://127.0.0.1:${values['upstream-port']}/v1`,
    AOS_SECRET_KEY: randomBytes(32).toString('base64'),
  },
});
try {
  const admin = api(server);
  for (const document of matching) await makePolicy(admin, document);
  for (let n = matching.length; n < policies; n++) {
    const limit = { type: 'cost_usd', max: '10', window: day };
    const target = { kind: 'agent', ids: [`other-${n}`] };
    await makePolicy(admin, { name: `Of another agent ${n}`, target, controls: [{ limit, action: 'block' }] });
  }
  const port = new URL(database.url).port || '5432';
  console.log(
    JSON.stringify({ gateway: `${server.url}/v1`, pid: server.pid, key: server.admin_key, database: database.url }),
  );
  if (values.hold) await new Promise((stop) => process.once('SIGINT', stop).once('SIGTERM', stop));
  else await harness(values.harness ?? '', port);
} finally {
  await server.stop().catch((error: unknown) => console.error(String(error)));
  await database.drop();
}

function harness(folder: string, database_port: string): Promise<void> {
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
  const script = resolve(folder, 'bench.mjs');
  const child = spawn(process.execPath, [script, ...target, ...flags], { stdio: 'inherit', cwd: folder });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`the harness ended with ${code}`))));
  });
}
