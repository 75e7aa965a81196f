import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { PreviewResult } from '@aos/core/api/previews.ts';
import { present } from '@aos/core/base/assert.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { type RecordedCall, Replay } from '@aos/core/policies/replay.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { pastCalls } from '@aos/server/api/preview-source.ts';
import type { Database } from '@aos/server/base/database.ts';
import { realClock } from '@aos/server/base/deps.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { type Api, api, expectStatus } from '../../e2e/parts/client.ts';
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
    const timed = await timePreview(api(server), written);
    const agreed = await agreement(db, of.tenant_id, { until_ms, days, enforced });
    return { figures: { ...timed.figures, ...agreed.figures }, broken: [...timed.broken, ...agreed.broken] };
  } finally {
    await db.close();
    await server.stop();
    await database.drop();
  }
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
  result: PreviewResult | null;
}

async function timePreview(admin: Api, calls: number): Promise<Findings> {
  const times_s: number[] = [];
  const broken: string[] = [];
  for (let round = 0; round < 3; round++) {
    const cpu = await cpuSeconds();
    const begun_ms = performance.now();
    const asked = await admin.post<Answer>('/api/v1/policies/preview', {
      policy: candidate,
      window: { hours: 24 * 60 },
    });
    let { body } = asked;
    while (body.status === 'running') {
      await new Promise((resolve) => setTimeout(resolve, 50));
      body = expectStatus(200, await admin.get<Answer>(`/api/v1/policies/previews/${body.id}`));
    }
    const took_s = (performance.now() - begun_ms) / 1000;
    times_s.push(took_s);
    const { result } = body;
    if (result?.calls.matched !== calls) broken.push(`${result?.calls.matched} of ${calls} calls were replayed`);
    printFigures('preview', {
      took_s: took_s.toFixed(2),
      ...cpu.since(await cpuSeconds()),
      affected: result?.affected,
      spend_usd: result?.spend_usd,
      spend_not_made_usd: result?.spend_not_made_usd,
    });
  }
  const best_s = Math.min(...times_s);
  if (calls >= 1_000_000 && best_s > within_s) broken.push(`the fastest preview took ${best_s.toFixed(1)} s`);
  return { figures: { best_s: best_s.toFixed(2) }, broken };
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
  for await (const piece of pastCalls({ db, clock: realClock() }, tenant_id, past)) {
    calls.push(...piece.calls.slice(0, enforced - calls.length));
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
