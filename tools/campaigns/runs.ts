import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { type FailpointName, failpoints, run_failpoints } from '@aos/server/base/failpoint.ts';
import { waitFor } from '../../e2e/parts/client.ts';
import type { ServerProcess } from '../../e2e/parts/processes.ts';
import { offerAll } from './parts/caller.ts';
import { type ClaimWatch, type Takeover, watchClaims } from './parts/claims.ts';
import { type Installation, openInstallation } from './parts/installation.ts';
import { type Random, randomFrom } from './parts/random.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';
import { askRun, countedPlan, openReceipts, prepareRunSite, type Receipts, run_env } from './parts/run-site.ts';
import { verdictOnRuns } from './parts/run-verdict.ts';

/** Where a worker can die over a run, in the order in which it passes them. */
export const points: readonly FailpointName[] = [
  ...run_failpoints.slice(0, 2),
  ...failpoints,
  ...run_failpoints.slice(2),
];

/** A dead worker's run has to be taken over within its lease and two seconds, and what a busy machine adds. */
const takeover_ms = 17_000;
/** So many statements stand between a lease that has ended and one that is seen to be another's. */
const looks = 4;

/** One installation with runs under way: what was asked for, and what counts what came of it. */
interface Site {
  at: Installation;
  receipts: Receipts;
  claims: ClaimWatch;
  asked: Map<string, { label: string }>;
  random: Random;
}

/** Processes that take part and die by themselves: who asks and who reads is another one, which works on nothing. */
async function withSite(seed: number, run: (site: Site) => Promise<Findings>): Promise<Findings> {
  const env = { ...run_env, AOS_ROLES: 'api,gateway' };
  const at = await openInstallation({ database: 'postgres', processes: 1, env, stub: { seed } });
  const receipts = await openReceipts();
  const claims = watchClaims(at.sql);
  try {
    await prepareRunSite(at.admin);
    return await run({ at, receipts, claims, asked: new Map(), random: randomFrom(seed) });
  } finally {
    await claims.stop();
    await receipts.close();
    await at.stop();
  }
}

export interface RunCrashes {
  points: readonly FailpointName[];
  /** Workers that die at each point. */
  kills: number;
  /** Of them at a time, beside two that live. */
  at_once: number;
  seed: number;
}

interface Death {
  point: FailpointName;
  died: boolean;
}

/** Workers that end themselves as by `kill -9` at a named point of a run, while others work beside them. */
export function runCrashes(scenario: RunCrashes): Promise<Findings> {
  return withSite(scenario.seed, async (site) => {
    await startWorker(site);
    await startWorker(site);
    const plans = scenario.points.flatMap((point) => Array.from({ length: scenario.kills }, () => point));
    const deaths = await offerAll(plans, scenario.at_once, (point) => dieAt(site, point));
    const found = await aftermath(site);
    const died = scenario.points.map((point) => [point, deaths.filter((of) => of.point === point && of.died).length]);
    return {
      figures: { ...Object.fromEntries(died), ...found.figures },
      broken: [
        ...deaths.flatMap(({ point, died: is_dead }) => (is_dead ? [] : [`${point} did not end its process`])),
        ...found.broken,
      ],
    };
  });
}

/** One after the other, so that the newest in the database is the one that was started. */
let starting: Promise<unknown> = Promise.resolve();

async function startWorker({ at }: Site, env: Record<string, string> = {}) {
  const started = starting.then(async () => {
    const server = await at.startOne({ AOS_ROLES: 'worker', ...env });
    const [newest] = await at.sql<{ id: string }>('select id from instances order by started_at desc limit 1');
    return { server, instance_id: present(newest, 'the instance of a process').id };
  });
  starting = started.catch(() => undefined);
  return started;
}

const dies_within_ms = 60_000;

/** Gives runs to all workers until the one that is told to die has come to its point. */
async function dieAt(site: Site, point: FailpointName): Promise<Death> {
  const on_pass = site.random.whole(1, 3);
  const { server, instance_id } = await startWorker(site, { AOS_FAILPOINT: `${point}:${on_pass}` });
  let ended: Awaited<ServerProcess['exited']> | null = null;
  void server.exited.then((how) => {
    site.claims.died(instance_id, performance.now());
    ended = how;
  });
  const until_ms = performance.now() + dies_within_ms;
  while (ended === null && performance.now() < until_ms) {
    await ask(site);
    await Promise.race([pause(150), server.exited]);
  }
  if (ended === null) await server.kill9();
  return { point, died: (ended as { signal: string } | null)?.signal === 'SIGKILL' };
}

async function ask(site: Site): Promise<void> {
  const label = `run${site.asked.size}x${site.random.whole(0, 999_999)}`;
  const plan = countedPlan(label, site.receipts.url, site.random.whole(0, 40));
  site.asked.set(await askRun(site.at, plan, label), { label });
}

/** Waits until all runs have ended and all holds of the dead are resolved, and counts everything anew. */
async function aftermath({ at, claims, asked, receipts }: Site): Promise<Findings> {
  const none = (query: string) => async () => (await at.sql(query)).length === 0;
  const timeout_ms = 120_000;
  const open = none('select from managed_runs where ended_at is null limit 1');
  await waitFor(open, { timeout_ms, interval_ms: 100, what: 'the end of all runs' });
  await waitFor(none('select from holds limit 1'), { timeout_ms, interval_ms: 100, what: 'the end of all holds' });
  const takeovers = await claims.stop();
  const ends = await at.sql<{ status: string; code: string | null; n: number }>(
    `select r.status, m.failure ->> 'code' as code, count(*)::int as n
      from runs r join managed_runs m on m.run_id = r.id group by 1, 2 order by 1, 2`,
  );
  const [records] = await at.sql<{ n: number; dead: number }>(
    "select count(*)::int as n, (count(*) filter (where error_code = 'process_died'))::int as dead from llm_run_records",
  );
  return {
    figures: {
      runs: asked.size,
      ends: Object.fromEntries(ends.map(({ status, code, n }) => [code === null ? status : `${status} ${code}`, n])),
      takeovers: takeovers.length,
      takeover_p50_ms: rounded(takeovers, 0.5),
      takeover_max_ms: rounded(takeovers, 1),
      provider_requests: at.stub.log.length,
      records: records?.n ?? 0,
      records_of_dead_processes: records?.dead ?? 0,
      requests_of_http_steps: [...receipts.seen.values()].reduce((sum, n) => sum + n, 0),
    },
    broken: [
      ...takeovers
        .filter(({ after_ms }) => after_ms > takeover_ms + looks * claims.slowest_look_ms())
        .map(({ run_id, after_ms }) => `${run_id} was taken over only after ${Math.round(after_ms)} ms`),
      ...(await verdictOnRuns(at.sql, asked, at.stub, receipts)),
    ],
  };
}

function rounded(takeovers: readonly Takeover[], part: number): number | null {
  const value = quantile(
    takeovers.map(({ after_ms }) => after_ms),
    part,
  );
  return value === null ? null : Math.round(value);
}

export interface RunLoad {
  runs: number;
  workers: number;
  /** A worker is killed, and another one started, about so often; 0: never. */
  kill_every_ms: number;
  seed: number;
}

/** Many runs in the queue, carried out by several workers of which now and then one is killed and replaced. */
export function runLoad({ runs, workers, kill_every_ms, seed }: RunLoad): Promise<Findings> {
  return withSite(seed, async (site) => {
    await offerAll(Array.from({ length: runs }), 8, () => ask(site));
    const living = await Promise.all(Array.from({ length: workers }, () => startWorker(site)));
    const begun_ms = performance.now();
    let is_over = false;
    let kills = 0;
    const killing = (async () => {
      while (kill_every_ms > 0 && !is_over) {
        await pause(site.random.whole(kill_every_ms / 2, kill_every_ms * 1.5));
        if (is_over) return;
        const n = site.random.whole(0, workers - 1);
        const { server, instance_id } = present(living[n], 'a worker');
        await server.kill9();
        site.claims.died(instance_id, performance.now());
        kills += 1;
        living[n] = await startWorker(site);
      }
    })();
    const left = async () => (await site.at.sql('select from managed_runs where ended_at is null limit 1')).length > 0;
    while (await left()) await pause(100);
    const took_s = (performance.now() - begun_ms) / 1000;
    is_over = true;
    await killing;
    const found = await aftermath(site);
    const [waited] = await site.at.sql<{ p50: number; p95: number }>(
      `select percentile_cont(0.5) within group (order by s) as p50, percentile_cont(0.95) within group (order by s) as p95
        from (select extract(epoch from started_at - created_at)::float8 as s from runs where mode = 'managed') of_run`,
    );
    const figures = {
      ...{ workers, kills, took_s: Number(took_s.toFixed(1)), runs_per_s: Number((runs / took_s).toFixed(1)) },
      queued_p50_s: Number(waited?.p50.toFixed(1)),
      queued_p95_s: Number(waited?.p95.toFixed(1)),
    };
    return { figures: { ...figures, ...found.figures }, broken: found.broken };
  });
}

/** `tsx tools/campaigns/runs.ts [--kills 20] [--at-once 4] [--runs 1000] [--workers 3] [--seed 1] [--only after_claim,…]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      'at-once': { type: 'string', default: '4' },
      runs: { type: 'string', default: '1000' },
      workers: { type: 'string', default: '3' },
      'kill-every-ms': { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: points.join(',') },
    },
  });
  const seed = Number(values.seed);
  const broken: string[] = [];
  if (Number(values.kills) > 0) {
    const chosen = points.filter((name) => values.only.split(',').includes(name));
    const size = { kills: Number(values.kills), at_once: Number(values['at-once']) };
    const found = await runCrashes({ ...size, points: chosen, seed });
    printFigures('crashes', found.figures);
    broken.push(...found.broken);
  }
  if (Number(values.runs) > 0) {
    const size = { runs: Number(values.runs), workers: Number(values.workers) };
    const found = await runLoad({ ...size, kill_every_ms: Number(values['kill-every-ms']), seed });
    printFigures('queue', found.figures);
    broken.push(...found.broken);
  }
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
