import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import { expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { Caller, offerAll, type Seen } from './parts/caller.ts';
import { dear_tiers, models, nano_model, nano_tiers, planCapCalls } from './parts/cap-calls.ts';
import { callingKey, type Installation, openInstallation, type Sql, setPrice } from './parts/installation.ts';
import { fillToTheLastNano } from './parts/last-nano.ts';
import type { PlannedCall } from './parts/plan.ts';
import { emptyRuns, recount } from './parts/recount.ts';
import { needlessRefusals } from './parts/refusals.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';
import { createWitness, type Witness } from './parts/upstream.ts';
import { observe, watch } from './parts/watch.ts';

/**
 * Many calls of random cost at once against one cap, streamed and not, with callers that leave and a provider that
 * fails, resets and forgets its usage. Nothing may pass the cap by a nano-dollar at any moment, nothing may be refused
 * that fits, and nothing may reach the provider without its hold.
 */
export interface CapScenario {
  title: string;
  database: 'postgres' | 'embedded';
  processes: number;
  calls: number;
  cap_usd: string;
  /** Calls under way at a time, at each process. */
  in_flight: number;
  seed: number;
  /** The last process is ended as by a crash when a third of the calls have been answered. */
  kill: boolean;
}

interface Stage {
  scenario: CapScenario;
  at: Installation;
  witness: Witness;
  callers: Caller[];
  key: string;
  control_id: string;
  cap: bigint;
}

export async function exactCap(scenario: CapScenario): Promise<Findings> {
  let sql: Sql | null = null;
  const witness = createWitness(() => present(sql, 'the database, before the first call'));
  const at = await openInstallation({
    database: scenario.database,
    processes: scenario.processes,
    env: { AOS_SUSPECT_SECONDS: '2' },
    stub: { seed: scenario.seed, witness: witness.see },
  });
  sql = at.sql;
  const callers = at.servers.map((server, n) => new Caller(server.url, n, scenario.in_flight));
  try {
    const { key, control_id } = await prepare(at, scenario.cap_usd);
    const cap = nanoOfUsd(scenario.cap_usd);
    return await campaign({ scenario, at, witness, callers, key, control_id, cap });
  } finally {
    await Promise.all(callers.map((caller) => caller.close()));
    await at.stop();
  }
}

async function prepare({ admin }: Installation, cap_usd: string): Promise<{ key: string; control_id: string }> {
  for (const { provider, model } of Object.values(models)) await setPrice(admin, provider, model, dear_tiers);
  await setPrice(admin, 'openai', nano_model, nano_tiers);
  expectStatus(200, await admin.put('/api/v1/projects/default', { default_output_bound: 512 }));
  const limit = { type: 'cost_usd', max: cap_usd, window: { per: 'day', timezone: 'UTC' } };
  const policy = await makePolicy(admin, {
    name: 'Spend of a day',
    target: { kind: 'all_runs' },
    controls: [{ limit, action: 'block' }],
  });
  const [control] = policy.controls as { id: string }[];
  return { key: (await callingKey(admin)).secret, control_id: present(control, 'the control of the policy').id };
}

async function campaign(stage: Stage): Promise<Findings> {
  const { scenario, at, witness, callers, key, control_id, cap } = stage;
  const { calls, demand_nano } = planCapCalls(scenario.calls, scenario.seed, key);
  const watching = watch(at.sql, control_id, cap);
  const begun_ms = performance.now();
  const first = await offer(stage, calls);
  const first_s = (performance.now() - begun_ms) / 1000;
  const drained = await drain(stage, first.killed_at_ms);
  const after_first = await observe(at.sql, control_id);
  const late = planCapCalls(Math.ceil(scenario.calls / 4), scenario.seed + 1, key);
  witness.expect(late.calls);
  const left = callers.slice(0, scenario.kill ? -1 : undefined);
  const late_seen = await offerAll(late.calls, 8, (call) =>
    present(left[call.body.length % left.length], 'a process').send(call),
  );
  await drain(stage, null);
  const after_late = await observe(at.sql, control_id);
  const room = async () => cap - (await observe(at.sql, control_id)).posted;
  const caller = present(callers[0], 'the first process');
  const filled = await fillToTheLastNano({ caller, key, room, expect: witness.expect });
  const watched = await watching.stop();
  const end = await observe(at.sql, control_id);
  const refusals = await needlessRefusals(at.sql, control_id);
  const upstream = await witness.check(at.sql, at.stub);
  const empty = await emptyRuns(at.sql);
  const seen = [...first.seen, ...late_seen];
  return {
    figures: {
      processes: at.servers.map(({ pid }, n) => ({ pid, ...countsOf(first.seen, n) })),
      demand_part_of_cap: part(demand_nano, cap),
      seconds: Number(first_s.toFixed(2)),
      ...timesOf(first.seen),
      ...drained,
      utilisation_first: part(after_first.posted, cap),
      utilisation_late: part(after_late.posted, cap),
      last_nano: filled.figures,
      posted_usd: usdOfNano(end.posted),
      cap_usd: scenario.cap_usd,
      holds_at_end: end.holds,
      pending_at_end: String(end.pending),
      observations: watched.observations,
      most_at_once_usd: usdOfNano(watched.most),
      refusals_stored: refusals.refusals,
      upstream_requests: upstream.requests,
      records: upstream.records,
      usage_sources: await usageSources(at.sql),
      empty_runs: empty.length,
    },
    broken: [
      ...watched.broken,
      ...filled.broken,
      ...refusals.broken,
      ...upstream.broken,
      ...unexpectedIn(seen, scenario.kill ? scenario.processes - 1 : null),
      ...(await recount(at.sql)),
      ...(empty.length > (scenario.kill ? scenario.in_flight * scenario.processes : 0)
        ? [`${empty.length} runs without a step, the first ${empty[0]}`]
        : []),
      ...(end.posted === cap ? [] : [`the cap was filled to ${end.posted} of ${cap}`]),
      ...(end.holds === 0 && end.pending === 0n ? [] : [`${end.holds} holds, ${end.pending} pending at the end`]),
      ...(demand_nano >= 3n * cap ? [] : ['the demand was less than three times the cap']),
      ...(seen.some((of) => of.status === 402) ? [] : ['nothing was refused: the cap was never reached']),
    ],
  };
}

/** Offers all calls at once to all processes in turn; a call is not offered to a process that is known to be gone. */
async function offer(
  stage: Stage,
  calls: readonly PlannedCall[],
): Promise<{ seen: Seen[]; killed_at_ms: number | null }> {
  const { scenario, at, witness, callers } = stage;
  witness.expect(calls);
  const alive = callers.map((_, n) => n);
  let turn = 0;
  let answered = 0;
  let killed_at_ms: number | null = null;
  const changing = changeControl(at);
  const send = async (call: PlannedCall) => {
    const n = present(alive[turn++ % alive.length], 'a process that lives');
    const seen = await present(callers[n], 'its caller').send(call);
    answered += 1;
    if (scenario.kill && killed_at_ms === null && answered * 3 >= calls.length) {
      killed_at_ms = performance.now();
      const last = alive.pop();
      void at.servers[last ?? 0]?.kill9();
    }
    return seen;
  };
  const seen = await offerAll(calls, scenario.in_flight * scenario.processes, send);
  await changing.stop();
  return { seen, killed_at_ms };
}

const change_every_ms = 60;

/** Another policy changes again and again amid the calls: those decided under an old control state are decided again. */
function changeControl({ admin }: Installation): { stop(): Promise<void> } {
  let is_stopped = false;
  const limit = { type: 'requests', max: 1_000_000, window: { per: 'day' } };
  const document = { name: 'Counts', target: { kind: 'all_runs' }, controls: [{ limit, action: 'warn' }] };
  const changing = (async () => {
    const { id } = await makePolicy(admin, document);
    for (let n = 1; !is_stopped; n++) {
      await pause(change_every_ms);
      const edited = { ...document, description: `Edit ${n}`, reason: 'a campaign' };
      const answer = await admin.put(`/api/v1/policies/${id}`, edited);
      // A machine under load may miss the two seconds in which governance answers: the edit was not made then.
      if (answer.status !== 503) expectStatus(200, answer);
    }
  })();
  return {
    stop: async () => {
      is_stopped = true;
      await changing;
    },
  };
}

/** Waits until no hold is open; with a killed process that is when its holds have been resolved. */
async function drain({ at }: Stage, killed_at_ms: number | null): Promise<Record<string, unknown>> {
  const [row] = await at.sql<{ n: number }>('select count(*)::int as n from holds');
  const begun_ms = performance.now();
  const none = async () => (await at.sql('select from holds limit 1')).length === 0;
  await waitFor(none, { timeout_ms: 120_000, interval_ms: 20, what: 'the end of all holds' });
  const now_ms = performance.now();
  if (killed_at_ms === null) return { drained_after_ms: Math.round(now_ms - begun_ms) };
  return {
    holds_left_by_the_dead: row?.n ?? 0,
    resolved_s_after_the_kill: Number(((now_ms - killed_at_ms) / 1000).toFixed(1)),
  };
}

const part = (nano: bigint, cap: bigint): number => Number((Number(nano) / Number(cap)).toFixed(4));

function countsOf(all: readonly Seen[], server: number) {
  const own = all.filter((seen) => seen.server === server);
  const count = (is: (seen: Seen) => boolean) => own.filter(is).length;
  return {
    offered: own.length,
    answered_200: count((seen) => seen.status === 200 && seen.ended === 'whole'),
    refused_402: count((seen) => seen.status === 402),
    provider_errors: count((seen) => seen.status !== null && seen.status >= 400 && seen.status !== 402),
    left: count((seen) => seen.ended === 'left'),
    broken_off: count((seen) => seen.ended === 'broken'),
  };
}

function timesOf(all: readonly Seen[]) {
  const of = (status: number) => all.filter((seen) => seen.status === status).map((seen) => seen.ms);
  const round = (ms: number | null) => (ms === null ? null : Math.round(ms));
  return { refused_ms_p50: round(quantile(of(402), 0.5)), refused_ms_p99: round(quantile(of(402), 0.99)) };
}

/** Answers that no plan explains: our own failures, and connections that broke at a process that lives. */
function unexpectedIn(all: readonly Seen[], dead: number | null): string[] {
  return all.flatMap(({ call, server, status, code, ended }) => {
    if (ended === 'broken') return server === dead ? [] : [`${call.label}: the connection to process ${server} broke`];
    const ours = status === 500 && code !== 'server_error' && code !== 'api_error';
    if (ours || status === 503 || status === 401 || status === 403)
      return [`${call.label} was answered ${status} ${code}`];
    return [];
  });
}

async function usageSources(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql<{ source: string; n: number }>(
    "select concat_ws(' ', execution_status, usage_source, error_code) as source, count(*)::int as n from llm_run_records group by 1 order by 1",
  );
  return Object.fromEntries(rows.map(({ source, n }) => [source, n]));
}

/** `tsx tools/campaigns/exact-cap.ts [--calls 1000] [--cap 10] [--in-flight 128] [--seed 1] [--only a,b,c]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '1000' },
      cap: { type: 'string', default: '10' },
      'in-flight': { type: 'string', default: '128' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: 'a,b,c' },
    },
  });
  const size = {
    calls: Number(values.calls),
    cap_usd: values.cap,
    in_flight: Number(values['in-flight']),
    seed: Number(values.seed),
  };
  const parts: Record<string, CapScenario> = {
    a: { ...size, title: 'one process, embedded database', database: 'embedded', processes: 1, kill: false },
    b: { ...size, title: 'three processes, PostgreSQL', database: 'postgres', processes: 3, kill: false },
    c: { ...size, title: 'three processes, PostgreSQL, one killed', database: 'postgres', processes: 3, kill: true },
  };
  const broken: string[] = [];
  for (const name of values.only.split(',')) {
    const scenario = present(parts[name], 'a part a, b or c');
    const found = await exactCap(scenario);
    printFigures(scenario.title, found.figures);
    broken.push(...found.broken.map((reason) => `${scenario.title}: ${reason}`));
  }
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
