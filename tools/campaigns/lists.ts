import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import pg from 'pg';
import { type Api, api, expectStatus, waitFor } from '../../e2e/parts/client.ts';
import { freshDatabase } from '../../e2e/parts/database.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { writeManyRows } from '../simulate/many-rows.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';

/** Every list with the filters that people use, and the metrics, over as many runs: how long they take, asked over HTTP. */
export interface ListsScenario {
  runs: number;
  days: number;
  rounds: number;
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

export async function listsOver({ runs, days, rounds }: ListsScenario): Promise<Findings> {
  const database = await freshDatabase('postgres');
  const server = await startServer({ database_url: database.url });
  const pool = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=aos -c timezone=UTC' });
  const at: At = { url: database.url, pool, admin: api(server) };
  try {
    const until_ms = Date.now() - 3_600_000;
    await fill(at, { runs, days, until_ms });
    const broken: string[] = [];
    const figures: Record<string, unknown> = {};
    const timed = async (name: string, path: string, most_ms: number) => {
      const times = await timesOf(at.admin, path, rounds);
      figures[name] = times;
      printFigures(name, times);
      if ((times.p95_ms ?? 0) > most_ms) broken.push(`${name}: p95 ${times.p95_ms} ms`);
    };
    for (const [name, path] of Object.entries(lists)) await timed(name, path, within_ms);
    const summed_after_s = await untilSummed(at, until_ms);
    printFigures('summed up', { after_s: summed_after_s });
    const range = `from=${new Date(until_ms - days * 86_400_000).toISOString()}&to=${new Date(until_ms).toISOString()}`;
    await timed('metrics, whole range by day', `/api/v1/activity/metrics?${range}&bucket=day`, within_ms);
    await timed('metrics of an agent', `/api/v1/activity/metrics?${range}&bucket=day&agent=agent-7`, within_ms);
    await timed('outcomes, whole range', `/api/v1/activity/outcomes?${range}`, within_ms);
    await timed('metrics, last day', '/api/v1/activity/metrics', within_ms);
    await timed('metrics of a person, from calls', `/api/v1/activity/metrics?${range}&actor=actor-11`, Infinity);
    return { figures, broken };
  } finally {
    await pool.end();
    await server.stop();
    await database.drop();
  }
}

interface At {
  url: string;
  pool: pg.Pool;
  admin: Api;
}

async function fill(at: At, of: { runs: number; days: number; until_ms: number }): Promise<void> {
  const { rows } = await at.pool.query<{ tenant_id: string; project_id: string; api_key_id: string }>(
    `select p.tenant_id, p.id as project_id, k.id as api_key_id from projects p join api_keys k on k.tenant_id = p.tenant_id
      where p.slug = 'default' limit 1`,
  );
  const begun = performance.now();
  await writeManyRows({ url: at.url, ...present(rows[0], 'the first project'), ...of }, (runs) => {
    if (runs % 1_000_000 === 0) printFigures('written', { runs });
  });
  printFigures('rows', { ...of, took_s: Math.round((performance.now() - begun) / 1000) });
}

async function timesOf(admin: Api, path: string, rounds: number) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    expectStatus(200, await admin.get(path));
    times.push(performance.now() - begun);
  }
  const at = (part: number) => Math.round(quantile(times, part) ?? 0);
  return { p50_ms: at(0.5), p95_ms: at(0.95), first_ms: Math.round(times[0] ?? 0) };
}

async function untilSummed(at: At, until_ms: number): Promise<number> {
  const begun = performance.now();
  const complete = Math.floor((until_ms - 600_000) / 3_600_000) * 3_600_000;
  await waitFor(
    async () => {
      const { rows } = await at.pool.query<{ hours_until: Date }>('select hours_until from call_sums_until');
      return rows[0] !== undefined && rows[0].hours_until.getTime() >= complete;
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
    },
  });
  const { runs, days, rounds } = values;
  const { broken } = await listsOver({ runs: Number(runs), days: Number(days), rounds: Number(rounds) });
  finish(broken);
}
