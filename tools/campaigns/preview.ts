import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { PreviewResult } from '@aos/core/api/previews.ts';
import { present } from '@aos/core/base/assert.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { type RecordedCall, Replay } from '@aos/core/policies/replay.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { pastCalls } from '@aos/server/api/preview-source.ts';
import type { Database } from '@aos/server/base/database.ts';
import { call_sums } from '@aos/server/store/call-sums.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { summedOf } from '@aos/server/store/sums.ts';
import { type Api, api, expectStatus, waitFor } from '../../e2e/parts/client.ts';
import { freshDatabase } from '../../e2e/parts/database.ts';
import { enforceAgain } from '../../e2e/parts/enforced-replay.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { makeTenant } from '../../e2e/parts/store.ts';
import { writeHistory } from '../simulate/history.ts';
import { cpuSeconds } from './parts/cpu.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';

/**
 * A past of many calls, written straight into a database. A server previews policies over it, asked through its API, and
 * the time is taken. Then a part of the same calls is enforced one after the other, with stored estimates and times, over
 * the books of the database: its decisions must be those of the replay.
 */
export interface PreviewScenario {
  calls: number;
  days: number;
  /** How many of them are enforced again. */
  enforced: number;
}

const within_s = 10;
const rounds = 3;
/** From here on times are told. */
const many = 100_000;
/** The timer of Node's own measure is 10 ms late by itself. */
const most_lag_ms = 50;
const day = { per: 'day', timezone: 'America/New_York' };
const everybody = { kind: 'all_runs' };

/** For the time: one policy over all calls, with the limits that people set. */
const candidate = {
  name: 'a day of every agent',
  target: everybody,
  controls: [
    { limit: { type: 'cost_usd', max: '2.50', window: day, count_per: 'agent' }, action: 'block' },
    { limit: { type: 'requests', max: 60, window: { per: 'minute' }, count_per: 'agent' }, action: 'warn' },
  ],
};

/** For the agreement: every way of counting, tight enough that much is refused. */
const tight = [
  { type: 'cost_usd', max: '0.05', window: day, count_per: 'agent' },
  { type: 'tokens_total', max: 400_000, window: { rolling_seconds: 3_600 } },
  { type: 'requests', max: 12, window: { per: 'minute' }, count_per: 'api_key' },
  { type: 'burn_rate', max: '0.02', window: { rolling_seconds: 600 } },
  { type: 'tool_calls', max: 40, window: { per: 'hour' }, count_per: 'agent' },
  { type: 'concurrency', max: 3 },
  { type: 'steps', max: 15, window: { per: 'run' } },
];
const actions = ['block', 'warn', 'block', 'warn', 'pause', 'block', 'kill'];

export async function previews({ calls, days, enforced }: PreviewScenario): Promise<Findings> {
  const database = await freshDatabase('postgres');
  const server = await startServer({ database_url: database.url });
  const connection = { max_connections: 6, statement_timeout_ms: 60_000, onIdleError: () => undefined };
  const db = openDatabase({ url: database.url, ...connection });
  try {
    const of = await whose(db);
    const until_ms = Date.now() - 60_000;
    const written = await writeHistory({ url: database.url, ...of, calls, days, until_ms, seed: 7 });
    printFigures('history', { calls: written, days });
    if (calls >= many) await untilSummed(db, of.tenant_id, until_ms);
    const timed = await timePreview(api(server), written);
    const cancelled = await cancelPreview(api(server), db, of.tenant_id);
    const agreed = await agreement(db, of.tenant_id, { until_ms, days, enforced });
    return {
      figures: { ...timed.figures, ...cancelled.figures, ...agreed.figures },
      broken: [...timed.broken, ...cancelled.broken, ...agreed.broken],
    };
  } finally {
    await db.close();
    await server.stop();
    await database.drop();
  }
}

/** The past is summed up by a job of the server, which takes a core: it is waited for, so that it is no part of the times. */
async function untilSummed(db: Database, tenant_id: string, until_ms: number): Promise<void> {
  const complete_ms = Math.floor((until_ms - 600_000) / 3_600_000) * 3_600_000;
  const isSummed = async () => {
    const summed = await db.tenant(tenant_id, (tx) => summedOf(tx, call_sums, tenant_id));
    return summed !== null && summed.hours_until_ms >= complete_ms;
  };
  await waitFor(isSummed, { what: 'the sums', timeout_ms: 3_600_000 });
}

async function whose(db: Database) {
  const [tenant] = await db.installation((tx) =>
    tx.query<{ id: string }>("select id from tenants where slug = 'default'"),
  );
  const { id: tenant_id } = present(tenant, 'the first tenant');
  const [key] = await db.tenant(tenant_id, (tx) =>
    tx.query<{ api_key_id: string; project_id: string }>(
      `select k.id as api_key_id, p.id as project_id from api_keys k, projects p where p.slug = 'default' limit 1`,
    ),
  );
  return { tenant_id, ...present(key, 'the first key') };
}

interface Answer {
  id: string;
  status: string;
  calls_done: number;
  result: PreviewResult | null;
}

async function timePreview(admin: Api, calls: number): Promise<Findings> {
  const times_s: number[] = [];
  const lags_ms: number[] = [];
  const broken: string[] = [];
  for (let round = 0; round < rounds; round++) {
    await eventLoopLag(admin);
    const cpu = await cpuSeconds();
    const begun_ms = performance.now();
    const { result } = await untilEnded(admin, await askPreview(admin));
    const took_s = (performance.now() - begun_ms) / 1000;
    const lag = await eventLoopLag(admin);
    times_s.push(took_s);
    lags_ms.push(lag.p99_ms);
    if (result?.calls.matched !== calls) broken.push(`${result?.calls.matched} of ${calls} calls were replayed`);
    printFigures('preview', {
      ...{ took_s: took_s.toFixed(2), event_loop: lag, ...cpu.since(await cpuSeconds()) },
      affected: result?.affected,
      spend_usd: result?.spend_usd,
      spend_not_made_usd: result?.spend_not_made_usd,
    });
  }
  const best_s = Math.min(...times_s);
  if (calls >= many && best_s > within_s) broken.push(`the fastest preview took ${best_s.toFixed(1)} s`);
  if (Math.min(...lags_ms) > most_lag_ms) broken.push(`the event loop lagged ${Math.min(...lags_ms)} ms behind at p99`);
  return { figures: { best_s: best_s.toFixed(2), event_loop_p99_ms: Math.min(...lags_ms) }, broken };
}

/** A preview that is called off while it is computed stays so, and the database is asked for nothing more of it. */
async function cancelPreview(admin: Api, db: Database, tenant_id: string): Promise<Findings> {
  const asked = await askPreview(admin);
  if (asked.status !== 'running') return { figures: { cancelled: 'it had ended before' }, broken: [] };
  const path = `/api/v1/policies/previews/${asked.id}`;
  const begun_ms = performance.now();
  expectStatus(200, await admin.post(`${path}/cancel`));
  await waitFor(async () => (await readingNow(db, tenant_id)) === 0, {
    what: 'the end of reading',
  });
  const stopped_after_ms = Math.round(performance.now() - begun_ms);
  const { status, calls_done } = expectStatus(200, await admin.get<Answer>(path));
  const figures = { status, calls_done, stopped_after_ms };
  printFigures('cancel', figures);
  return { figures, broken: status === 'cancelled' ? [] : [`a cancelled preview is ${status}`] };
}

/** Statements that read the past, in five looks: between two statements there are none for a moment. */
async function readingNow(db: Database, tenant_id: string): Promise<number> {
  let reading = 0;
  for (let look = 0; look < 5; look++) {
    const [row] = await db.tenant(tenant_id, (tx) =>
      tx.query<{ reading: string }>(
        `select count(*) as reading from pg_stat_activity
          where datname = current_database() and state = 'active' and query like '%string_agg(packed%' and pid <> pg_backend_pid()`,
      ),
    );
    reading += Number(row?.reading);
  }
  return reading;
}

async function askPreview(admin: Api): Promise<Answer> {
  const body = { policy: candidate, window: { hours: 24 * 60 } };
  return (await admin.post<Answer>('/api/v1/policies/preview', body)).body;
}

async function untilEnded(admin: Api, asked: Answer): Promise<Answer> {
  let now = asked;
  while (now.status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    now = expectStatus(200, await admin.get<Answer>(`/api/v1/policies/previews/${now.id}`));
  }
  return now;
}

/** How late the server's own thread was since the last look, as it tells in its metrics. */
async function eventLoopLag(admin: Api): Promise<{ p99_ms: number; max_ms: number }> {
  const { text } = await admin.get('/metrics');
  const ms = (name: string) => {
    const seconds = new RegExp(`^nodejs_eventloop_lag_${name}_seconds ([0-9.e-]+)$`, 'm').exec(text)?.[1];
    return Math.round(Number(seconds) * 10_000) / 10;
  };
  return { p99_ms: ms('p99'), max_ms: ms('max') };
}

async function agreement(
  db: Database,
  tenant_id: string,
  { until_ms, days, enforced }: { until_ms: number; days: number; enforced: number },
): Promise<Findings> {
  const policy = tightPolicy();
  const from_ms = until_ms - days * 86_400_000;
  const past = {
    from_ms,
    to_ms: until_ms,
    project_id: null,
    include_synthetic: false,
    with_steps: false,
    refused_by: null,
  };
  const calls: RecordedCall[] = [];
  for await (const piece of pastCalls({ db }, tenant_id, past)) {
    for (const call of piece.calls) if (calls.length < enforced) calls.push(call);
    if (calls.length === enforced) break;
  }
  const replay = new Replay([policy]);
  const said = calls.map((of) => replay.take(of));
  const there = await enforceAgain(db, await makeTenant(db, `replayed-${enforced}`), [policy], calls);
  const broken = said.flatMap((of, n) => {
    const words = (decision: unknown) => JSON.stringify(decision);
    const here = of.kind === 'decided' ? words([of.decision.verdict, of.decision.contributions]) : words(null);
    const decision = there[n]?.decision;
    const other = decision ? words([decision.verdict, decision.contributions]) : words(null);
    return here === other ? [] : [`call ${n}: ${here.slice(0, 300)} in the replay, ${other.slice(0, 300)} enforced`];
  });
  const verdicts = (verdict: string) => there.filter(({ decision }) => decision?.verdict === verdict).length;
  const counts = Object.fromEntries(['continue', 'warn', 'pause', 'block', 'kill'].map((of) => [of, verdicts(of)]));
  const not_counted = there.filter(({ decision }) => decision === null).length;
  printFigures('agreement', { calls: calls.length, agreed: calls.length - broken.length, ...counts, not_counted });
  return { figures: { enforced: calls.length, agreed: calls.length - broken.length, ...counts, not_counted }, broken };
}

function tightPolicy(): ActivePolicy {
  const controls = tight.map((limit, n) => ({ id: `ctl_${String(n).padStart(26, '0')}`, limit, action: actions[n] }));
  const document = policy_document.parse({ name: 'every way of counting', target: everybody, controls });
  return { id: `pol_${'0'.repeat(26)}`, version: 1, mode: 'enforce', document: document as ActivePolicy['document'] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '1000000' },
      days: { type: 'string', default: '30' },
      enforced: { type: 'string', default: '5000' },
    },
  });
  const { calls, days, enforced } = values;
  const { broken } = await previews({ calls: Number(calls), days: Number(days), enforced: Number(enforced) });
  finish(broken);
}
