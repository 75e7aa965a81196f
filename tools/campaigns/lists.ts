import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import pg from 'pg';
import { type Api, api, waitFor } from '../../e2e/parts/client.ts';
import { freshDatabase, type TestDatabase } from '../../e2e/parts/database.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { writeManyRows } from '../simulate/many-rows.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';

/** Every list with the filters that people use, and the metrics, over as many runs: how long they take, asked over HTTP. */
export interface ListsScenario {
  runs: number;
  days: number;
  /** 0: rows are written and nothing is asked. */
  rounds: number;
  /** Absent: a database of its own, dropped in the end. */
  database_url?: string | undefined;
}

const within_ms = 300;

const lists = {
  'runs, all': '/api/v1/activity/completed?limit=50',
  'runs of an agent': '/api/v1/activity/completed?limit=50&agent=agent-7',
  'runs of an agent that failed': '/api/v1/activity/completed?limit=50&agent=agent-7&status=failed',
  'runs of a person': '/api/v1/activity/completed?limit=50&actor=actor-11',
  'runs by reason': '/api/v1/activity/completed?limit=50&reason=POLICY_BLOCK',
  'runs of a common model': '/api/v1/activity/completed?limit=50&model=gpt-4o',
  'runs of a rare model': '/api/v1/activity/completed?limit=50&model=gpt-rare',
  'runs of a rare provider': '/api/v1/activity/completed?limit=50&provider=seldom',
  'runs live': '/api/v1/activity/live?limit=50',
  'records of a rare provider': '/api/v1/logs/llm-runs?limit=50&provider=seldom',
  'records of a common provider': '/api/v1/logs/llm-runs?limit=50&provider=openai',
  'records of a rare model': '/api/v1/logs/llm-runs?limit=50&model=gpt-rare',
  'records that failed, of an agent': '/api/v1/logs/llm-runs?limit=50&agent=agent-7&status=failed',
  'ledger, all': '/api/v1/logs/audit?limit=50',
  'ledger of a person': `/api/v1/logs/audit?limit=50&actor=act_${'11'.padStart(26, '0')}`,
  'ledger by event': '/api/v1/logs/audit?limit=50&event=LIMIT_BREACHED',
  'ledger of an agent': '/api/v1/logs/audit?limit=50&agent=agent-7',
};

export async function listsOver({ runs, days, rounds, database_url }: ListsScenario): Promise<Findings> {
  const database = database_url === undefined ? await freshDatabase('postgres') : kept(database_url);
  const pool = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=aos -c timezone=UTC' });
  try {
    const until_ms = await filled({ url: database.url, pool }, { runs, days });
    if (rounds === 0) return { figures: {}, broken: [] };
    const server = await startServer({ database_url: database.url, start_ms: 1_800_000 });
    try {
      return await ask({ pool, admin: api(server) }, { days, rounds, until_ms });
    } finally {
      await server.stop();
    }
  } finally {
    await pool.end();
    await database.drop();
  }
}

/** A database that is there already, and stays. */
const kept = (url: string): TestDatabase => ({ url, drop: async () => undefined });

interface At {
  pool: pg.Pool;
  admin: Api;
}

async function ask(at: At, { days, rounds, until_ms }: { days: number; rounds: number; until_ms: number }) {
  const broken: string[] = [];
  const figures: Record<string, unknown> = {};
  const timed = async (name: string, path: string) => {
    const times = await timesOf(at.admin, path, rounds);
    figures[name] = times;
    printFigures(name, times);
    if (times.p95_ms > within_ms) broken.push(`${name}: p95 ${times.p95_ms} ms`);
    if (times.failed > 0) broken.push(`${name}: ${times.failed} failed`);
  };
  printFigures('summed up', { after_s: await untilSummed(at, until_ms) });
  for (const [name, path] of Object.entries(lists)) await timed(name, path);
  const range = `from=${new Date(until_ms - days * 86_400_000).toISOString()}&to=${new Date(until_ms).toISOString()}`;
  await timed('metrics, whole range by day', `/api/v1/activity/metrics?${range}&bucket=day`);
  await timed('metrics of an agent', `/api/v1/activity/metrics?${range}&bucket=day&agent=agent-7`);
  await timed('metrics of a person', `/api/v1/activity/metrics?${range}&actor=actor-11`);
  await timed('metrics, last day', '/api/v1/activity/metrics');
  await timed('outcomes, whole range', `/api/v1/activity/outcomes?${range}`);
  await timed('outcomes of an agent', `/api/v1/activity/outcomes?${range}&agent=agent-7`);
  for (const [name, path] of Object.entries(await details(at.pool))) await timed(name, path);
  return { figures, broken };
}

/** One row of each kind from the middle of the past, by its id. */
async function details(pool: pg.Pool): Promise<Record<string, string>> {
  const middle = async (table: string) => {
    const { rows } = await pool.query<{ id: string }>(
      `select id from ${table} where id > (select min(id) from ${table}) order by id desc offset 5000 limit 1`,
    );
    return present(rows[0], table).id;
  };
  const run = await middle('runs');
  return {
    'a run': `/api/v1/runs/${run}`,
    'a record': `/api/v1/logs/llm-runs/${await middle('llm_run_records')}`,
    'an entry of the ledger': `/api/v1/logs/audit/${await middle('audit_ledger')}`,
    'search for run_': '/api/v1/search?q=run_',
    'search for the beginning of an id': `/api/v1/search?q=${run.slice(0, -3)}`,
    'search for a word': '/api/v1/search?q=otter',
  };
}

/**
 * Writes the rows where there are none yet, and answers until when there are some. No server runs meanwhile: its worker
 * would sum up hours before their rows are there.
 */
async function filled(at: { url: string; pool: pg.Pool }, of: { runs: number; days: number }): Promise<number> {
  const server = await startServer({ database_url: at.url, start_ms: 1_800_000, roles: 'api' });
  await server.stop();
  const { rows: newest } = await at.pool.query<{ at: Date }>(
    'select created_at as at from runs order by id desc limit 1',
  );
  // Rows are spread evenly up to this instant, so that it is an instant after the newest.
  if (newest[0]) return newest[0].at.getTime() + 1_000;
  const { rows } = await at.pool.query<{ tenant_id: string; project_id: string; api_key_id: string }>(
    `select p.tenant_id, p.id as project_id, k.id as api_key_id from projects p join api_keys k on k.tenant_id = p.tenant_id
      where p.slug = 'default' limit 1`,
  );
  const until_ms = Date.now() - 3_600_000;
  const begun = performance.now();
  await writeManyRows(
    { url: at.url, ...present(rows[0], 'the first project'), ...of, until_ms, indexes_last: true },
    (runs) => {
      if (runs % 1_000_000 === 0)
        printFigures('written', { runs, after_s: Math.round((performance.now() - begun) / 1000) });
    },
  );
  return until_ms;
}

async function timesOf(admin: Api, path: string, rounds: number) {
  const times: number[] = [];
  let failed = 0;
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const { status } = await admin.get(path);
    times.push(performance.now() - begun);
    if (status !== 200) failed++;
  }
  const at = (part: number) => Math.round(quantile(times, part) ?? 0);
  return { p50_ms: at(0.5), p95_ms: at(0.95), first_ms: Math.round(times[0] ?? 0), failed };
}

/** The past is summed up by the worker, which takes a core: it is waited for, so that it is no part of the times. */
async function untilSummed({ pool }: At, until_ms: number): Promise<number> {
  const begun = performance.now();
  const complete = new Date(Math.floor((until_ms - 600_000) / 3_600_000) * 3_600_000);
  await waitFor(
    async () => {
      const { rows } = await pool.query(
        `select from (select * from call_sums_until union all select * from asker_sums_until
            union all select * from run_sums_until) sums where hours_until >= $1`,
        [complete],
      );
      return rows.length === 3;
    },
    { what: 'the sums', timeout_ms: 3_600_000 },
  );
  return Math.round((performance.now() - begun) / 1000);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000000' },
      days: { type: 'string', default: '30' },
      rounds: { type: 'string', default: '20' },
      database: { type: 'string' },
    },
  });
  const { runs, days, rounds, database } = values;
  const { broken } = await listsOver({
    ...{ runs: Number(runs), days: Number(days), rounds: Number(rounds), database_url: database },
  });
  finish(broken);
}
