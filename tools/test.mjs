// `npm test [-- vitest arguments]`: brings what the tests need, runs them, and ends with the line "N passed, N failed".
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringBrowser } from './browser.mjs';
import { buildAll, isStale } from './build.mjs';
import { install, requireNode, root } from './install.mjs';

const local_url = 'postgresql://postgres@127.0.0.1:5432/postgres';

requireNode();
install();
if (isStale()) await buildAll();

/** Tests of one folder of units need none, so none is installed for them. */
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const in_browser = asked.length === 0 || asked.some((name) => name.includes('e2e') || name.includes('console'));
const browser = in_browser ? bringBrowser() : null;
if (in_browser && browser === null) {
  const what = process.env.CI === 'true' ? 'fail' : 'are skipped';
  console.log(`There is no Chromium: the tests in a browser ${what}. Install one, or name it in CHROME.`);
}

const folder = mkdtempSync(join(tmpdir(), 'aos-test-'));
chmodSync(folder, 0o711); // as root, the database's own user passes through
let embedded;
let database_url;
let vitest;
let interrupted_by;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted_by = signal;
    endGroup(vitest, signal);
  });
}

/** What the run of the tests is called, and with it all its databases. */
process.env.AOS_TEST_RUN = randomBytes(4).toString('hex');
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const { startEmbedded } = await source('../server/store/embedded.ts');
  embedded = await startEmbedded({ data_dir: join(folder, 'data'), log: () => {} });
  database_url = await databaseFor(embedded.url);
  counts = await runTests(embedded.url, database_url);
} catch (error) {
  console.error(error);
} finally {
  endGroup(vitest, 'SIGKILL');
  if (interrupted_by) await dropDatabases().catch(console.error);
  await embedded?.stop();
  rmSync(folder, { recursive: true, force: true });
}
const { passed, failed, skipped } = counts;
if (passed + failed === 0) console.error('No test ran, which counts as a failure.');
if (interrupted_by) console.error(`Ended by ${interrupted_by}.`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && passed > 0 && !interrupted_by ? 0 : 1);

async function source(path) {
  const { tsImport } = await import('tsx/esm/api');
  return tsImport(path, import.meta.url);
}

/** A run that ends by itself does so; one that is interrupted would leave them on a server that stays. */
async function dropDatabases() {
  if (database_url === undefined || database_url === embedded.url) return;
  process.env.TEST_DATABASE_URL = database_url;
  const { teardown } = await source('../e2e/parts/one-run.ts');
  await teardown();
}

async function runTests(embedded_url, database_url) {
  if (interrupted_by) return counts;
  const report = join(folder, 'report.json');
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  vitest = spawn(process.execPath, [program, 'run', ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a process group of its own, so that whatever it started ends with it
    // The servers of the tests are those that users start, and start in half the time of the sources.
    env: {
      ...process.env,
      ...(browser !== null && { AOS_TEST_CHROMIUM: browser }),
      AOS_TEST_DIST: '1',
      TEST_DATABASE_URL: database_url,
      TEST_EMBEDDED_URL: embedded_url,
    },
  });
  const [code, signal] = await once(vitest, 'exit');
  return count(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined, code ?? signal);
}

/** A file that could not be loaded has no test that failed, yet it failed; so did a run that broke off. */
function count(report, exit) {
  const results = report?.testResults ?? [];
  const unloaded = results.filter(({ status, assertionResults: tests }) => {
    return status === 'failed' && !tests.some((test) => test.status === 'failed');
  });
  let failed = (report?.numFailedTests ?? 0) + unloaded.length;
  if (exit !== 0 && failed === 0 && (results.length > 0 || !report)) {
    console.error(`vitest itself failed (${exit}); it counts as one failure.`);
    failed = 1;
  }
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  return { passed: report?.numPassedTests ?? 0, failed, skipped };
}

/** The named server, else an unlocked local one, else the embedded one. */
async function databaseFor(embedded_url) {
  const named = process.env.TEST_DATABASE_URL;
  if (named) return named;
  const pg = createRequire(join(root, 'server', 'package.json'))('pg');
  const client = new pg.Client({ connectionString: local_url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.end();
    return local_url;
  } catch {
    console.log('No PostgreSQL answers on 127.0.0.1:5432; the tests use the embedded one alone.');
    return embedded_url;
  }
}

function endGroup(child, signal) {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
