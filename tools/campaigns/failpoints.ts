import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { type FailpointName, failpoints } from '@aos/server/base/failpoint.ts';
import { waitFor } from '../../e2e/parts/client.ts';
import type { ServerProcess } from '../../e2e/parts/processes.ts';
import { Caller, offerAll, type Seen } from './parts/caller.ts';
import { type CrashSite, planCrashCalls, prepareCrashSite } from './parts/crash-calls.ts';
import { type Installation, openInstallation, type Sql } from './parts/installation.ts';
import { emptyRuns, recount } from './parts/recount.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';
import { createWitness, type Witness } from './parts/upstream.ts';
import { observe } from './parts/watch.ts';

/**
 * Processes that end themselves as by `kill -9` at a named point of a call, with other calls under way. Then one is
 * started again, and the books must be right once it has resolved what the dead ones left.
 */
export interface CrashScenario {
  points: readonly FailpointName[];
  /** Processes that die at each point. */
  kills: number;
  /** Of them at a time. */
  at_once: number;
  /** Calls offered to each at first, a third of them at a time. */
  calls: number;
  seed: number;
}

interface Death {
  point: FailpointName;
  on_pass: number;
  /** The process ended by SIGKILL, which nobody but itself sent. */
  died: boolean;
  /** It did not end while it was called. */
  lived: boolean;
  /** What became of a process that did not. */
  instead: string;
  seen: Seen[];
}

export async function crashes(scenario: CrashScenario): Promise<Findings> {
  let sql: Sql | null = null;
  const witness = createWitness(() => present(sql, 'the database, before the first call'));
  const at = await openInstallation({
    database: 'postgres',
    processes: 1,
    env: { AOS_SUSPECT_SECONDS: '2' },
    stub: { seed: scenario.seed, witness: witness.see },
  });
  sql = at.sql;
  try {
    const site = await prepareCrashSite(at.admin);
    // Who prepares must not be the one who resolves: from here on only those live that are about to die.
    await present(at.servers[0], 'the first process').stop();
    const plans = scenario.points.flatMap((point) => Array.from({ length: scenario.kills }, () => point));
    let n = 0;
    const dieOnce = (point: FailpointName) => {
      n += 1;
      return dieAt(at, witness, site, { point, seed: scenario.seed * 1000 + n, calls: scenario.calls });
    };
    const deaths = await offerAll(plans, scenario.at_once, async (point) => {
      let death = await dieOnce(point);
      // One that lived through all its calls was stopped, and is no death: another one takes its place.
      for (let more = 1; more < most_lives && death.lived; more++) {
        const next = await dieOnce(point);
        death = { ...next, seen: [...death.seen, ...next.seen] };
      }
      return death;
    });
    return await aftermath(at, witness, site, deaths);
  } finally {
    await at.stop();
  }
}

const most_rounds = 5;
/** Processes that are given the chance to die once. */
const most_lives = 3;
/** How long a process that was killed by itself may take to be gone. */
const until_ended_ms = 2_000;

/** One process, told where to die, and calls until it has. */
async function dieAt(
  at: Installation,
  witness: Witness,
  site: CrashSite,
  { point, seed, calls: count }: { point: FailpointName; seed: number; calls: number },
): Promise<Death> {
  // A third of the calls at a time, and a later pass more often than the first: others are then at other points.
  const in_flight = Math.ceil(count / 3);
  const on_pass = 1 + (seed % (in_flight + 4));
  const server = await at.startOne({ AOS_FAILPOINT: `${point}:${on_pass}` });
  const caller = new Caller(server.url, 0, count);
  const seen: Seen[] = [];
  let ended: Awaited<ServerProcess['exited']> | null = null;
  // Calls that are refused or fail do not come to every point: others follow them.
  for (let round = 0; round < most_rounds && ended === null; round++) {
    const calls = planCrashCalls(count, seed + round * 1_000_000, site.key);
    witness.expect(calls);
    seen.push(...(await offerAll(calls, in_flight, (call) => caller.send(call))));
    ended = await Promise.race([server.exited, pause(until_ended_ms, null)]);
  }
  await caller.close();
  if (ended === null) await server.stop();
  const instead = `${JSON.stringify(ended)} after ${answersIn(seen)}: ${server.output().slice(-2_000)}`;
  return { point, on_pass, died: ended?.signal === 'SIGKILL', lived: ended === null, instead, seen };
}

/** How many calls were answered with which status and code. */
function answersIn(seen: readonly Seen[]): string {
  const counts = new Map<string, number>();
  for (const { status, code, ended } of seen) {
    const what = `${status ?? ended}${code === null ? '' : ` ${code}`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, n]) => `${n} × ${what}`).join(', ');
}

/** Starts a process again, waits until it has resolved what the dead left, and counts everything anew. */
async function aftermath(at: Installation, witness: Witness, site: CrashSite, deaths: Death[]): Promise<Findings> {
  const died_at_ms = performance.now();
  const [left] = await at.sql<{ n: number; processes: number }>(
    'select count(*)::int as n, count(distinct instance_id)::int as processes from holds',
  );
  const over_while_suspect = await overCap(at.sql, site);
  const survivor = await at.startOne();
  const none = async () => (await at.sql('select from holds limit 1')).length === 0;
  await waitFor(none, { timeout_ms: 120_000, interval_ms: 50, what: 'the end of all holds of dead processes' });
  const resolved_s = (performance.now() - died_at_ms) / 1000;
  const caller = new Caller(survivor.url, 0, 10);
  const after = planCrashCalls(20, 999_999, site.key);
  witness.expect(after);
  const later = await offerAll(after, 10, (call) => caller.send(call));
  await caller.close();
  await waitFor(none, { what: 'the end of the last calls' });
  const upstream = await witness.check(at.sql, at.stub);
  const end = await observe(at.sql, site.cost_control);
  const answered = deaths.flatMap((death) => death.seen);
  const empty = await emptyRuns(at.sql);
  return {
    figures: {
      ...Object.fromEntries(byPoint(deaths)),
      calls: answered.length,
      answered_whole: answered.filter((seen) => seen.ended === 'whole').length,
      broken_off: answered.filter((seen) => seen.ended === 'broken').length,
      holds_left_by_the_dead: left?.n ?? 0,
      processes_that_left_some: left?.processes ?? 0,
      resolved_s_after_the_last_death: Number(resolved_s.toFixed(1)),
      upstream_requests: upstream.requests,
      records: upstream.records,
      records_of_dead_processes: (await at.sql("select from llm_run_records where error_code = 'process_died'")).length,
      holds_at_end: end.holds,
      pending_at_end: String(end.pending),
      empty_runs: empty.length,
    },
    broken: [
      ...deaths.flatMap(({ point, on_pass, died, instead }) =>
        died ? [] : [`${point}:${on_pass} did not end its process: ${instead}`],
      ),
      ...over_while_suspect,
      ...(await overCap(at.sql, site)),
      ...upstream.broken,
      ...(await recount(at.sql)),
      ...(end.posted === end.recorded ? [] : [`${end.posted} is posted, the records cost ${end.recorded}`]),
      ...(await unrecordedAnswers(at.sql, [...answered, ...later])),
      ...later
        .filter((seen) => seen.ended === 'broken')
        .map(({ call }) => `${call.label} broke off at a living process`),
    ],
  };
}

const byPoint = (deaths: readonly Death[]): [string, number][] =>
  failpoints.flatMap((point): [string, number][] => {
    const died = deaths.filter((death) => death.point === point && death.died).length;
    return died > 0 ? [[point, died]] : [];
  });

/** Balances above their cap, suspect holds counted. */
async function overCap(sql: Sql, { caps }: CrashSite): Promise<string[]> {
  const rows = await sql<{ control_id: string; subject: string; used: string }>(
    'select control_id, subject, (posted + pending)::text as used from balances',
  );
  return rows
    .filter(({ control_id, used }) => BigInt(used) > (caps.get(control_id) ?? 0n))
    .map(({ control_id, subject, used }) => `${control_id} ${subject}: ${used} used of ${caps.get(control_id)}`);
}

/** Calls whose callers have a whole answer of the provider, or a refusal, that no row stands for. */
async function unrecordedAnswers(sql: Sql, all: readonly Seen[]): Promise<string[]> {
  const rows = await sql<{ decision_id: string }>(
    'select decision_id from llm_run_records union select id from decisions',
  );
  const known = new Set(rows.map((row) => row.decision_id));
  return all
    .filter(({ ended, decision_id }) => ended === 'whole' && decision_id !== null && !known.has(decision_id))
    .map(
      ({ call, status, decision_id }) =>
        `${call.label} was answered ${status}, and nothing is stored of ${decision_id}`,
    );
}

/** `tsx tools/campaigns/failpoints.ts [--kills 20] [--calls 24] [--at-once 2] [--seed 1] [--only mid_stream,…]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      calls: { type: 'string', default: '24' },
      'at-once': { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: failpoints.join(',') },
    },
  });
  const size = { kills: Number(values.kills), calls: Number(values.calls), at_once: Number(values['at-once']) };
  const broken: string[] = [];
  for (const point of failpoints.filter((name) => values.only.split(',').includes(name))) {
    const found = await crashes({ ...size, points: [point], seed: Number(values.seed) });
    printFigures(point, found.figures);
    broken.push(...found.broken.map((reason) => `${point}: ${reason}`));
  }
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
