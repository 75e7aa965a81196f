import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import { makeId } from '@aos/server/base/deps.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus } from '../parts/client.ts';
import { firstProject, idAt, namedRows, openRows, type Rows, recordRow, runRow } from './rows.ts';

interface Figures {
  calls: number;
  failed: number;
  refused: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string;
  unpriced_calls: number;
  p50_duration_ms: number | null;
  p95_duration_ms: number | null;
}
interface Metrics {
  bucket: string;
  totals: Figures;
  buckets: (Figures & { start: string })[];
  by_provider: (Figures & { provider: string })[];
  by_model: (Figures & { model: string })[];
  by_agent: (Figures & { agent_id: string | null; agent_slug: string | null })[];
  by_project: (Figures & { project_slug: string })[];
}

type Asker = Figures & { name: string | null };

let app: TestApp;
let rows: Rows;
let admin: Api;
let whose: { tenant_id: string; project_id: string };
const agents = [makeId('agent'), makeId('agent')];
beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  admin = api(app);
  whose = await firstProject(rows);
  const created_at = new Date().toISOString();
  await rows.insert(
    'agents',
    agents.map((id, n) => ({ ...whose, id, slug: `agent-${n}`, name: 'A', auto_registered: false, created_at })),
  );
});
afterAll(async () => {
  await rows?.close();
  await app?.close();
});

const sum = (of: readonly { cost_usd: string }[]) =>
  usdOfNano(of.reduce((all, { cost_usd }) => all + nanoOfUsd(cost_usd), 0n));
const add = (of: readonly Figures[], name: 'calls' | 'refused' | 'failed' | 'unpriced_calls' | 'input_tokens') =>
  of.reduce((all, figures) => all + figures[name], 0);

const call = fc.record({
  second: fc.integer({ min: 0, max: 7_199 }),
  nano: fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n })),
  input_tokens: fc.integer({ min: 0, max: 1_000_000 }),
  duration_ms: fc.integer({ min: 0, max: 900 }),
  agent: fc.constantFrom(0, 1, null),
  model: fc.constantFrom('small', 'large'),
  succeeded: fc.boolean(),
  refused: fc.boolean(),
});

let rounds = 0;
test('sums are exact to the nano-dollar, and every breakdown adds up to the total', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 60 }), async (calls) => {
      const from_ms = Date.UTC(2026, 10, 2) - ++rounds * 86_400_000;
      await rows.query('call ensure_partitions($1, 1)', [new Date(from_ms).toISOString()]);
      const runs = calls.map(({ second, agent }) =>
        runRow({ ...whose, agent_id: agent === null ? null : (agents[agent] ?? null) }, from_ms + second * 1_000),
      );
      const made = calls.map((one, n) => ({ ...one, run: runs[n] as (typeof runs)[number] }));
      const sent = made.filter((one) => !one.refused);
      await rows.insert(
        'llm_run_records',
        sent.map(({ run, nano, input_tokens, duration_ms, model, succeeded }) =>
          recordRow(run, {
            model,
            input_tokens,
            cost_usd: nano === null ? null : usdOfNano(nano),
            execution_status: succeeded ? 'succeeded' : 'failed',
            settled_at: new Date(Date.parse(run.created_at) + duration_ms).toISOString(),
          }),
        ),
      );
      const stopped = made.filter((one) => one.refused);
      await rows.insert(
        'decisions',
        stopped.map(({ run, model }) => ({
          ...whose,
          id: idAt('dec', Date.parse(run.created_at)),
          run_id: run.id,
          agent_id: run.agent_id,
          api_key_id: run.api_key_id,
          verdict: 'block',
          policy_snapshot_id: run.policy_snapshot_id,
          call: { provider: 'openai', model },
          estimate: {},
          contributions: [],
          is_synthetic: false,
          decided_at: run.created_at,
        })),
      );
      const range = `from=${new Date(from_ms).toISOString()}&to=${new Date(from_ms + 7_200_000).toISOString()}`;
      const { totals, ...parts } = expectStatus(
        200,
        await admin.get<Metrics>(`/api/v1/activity/metrics?${range}&bucket=minute`),
      );
      const durations = sent.map((one) => one.duration_ms).sort((a, b) => a - b);
      const at = (share: number) => durations[Math.max(1, Math.ceil(durations.length * share)) - 1] ?? null;
      expect(totals).toEqual({
        calls: sent.length,
        failed: sent.filter((one) => !one.succeeded).length,
        refused: stopped.length,
        input_tokens: sent.reduce((all, one) => all + one.input_tokens, 0),
        output_tokens: sent.length * 5,
        cost_usd: usdOfNano(sent.reduce((all, one) => all + (one.nano ?? 0n), 0n)),
        unpriced_calls: sent.filter((one) => one.nano === null).length,
        p50_duration_ms: at(0.5),
        p95_duration_ms: at(0.95),
      });
      expect(parts.buckets).toHaveLength(120);
      for (const breakdown of [parts.buckets, parts.by_provider, parts.by_model, parts.by_agent, parts.by_project]) {
        expect(sum(breakdown)).toBe(totals.cost_usd);
        for (const name of ['calls', 'refused', 'failed', 'unpriced_calls', 'input_tokens'] as const)
          expect([name, add(breakdown, name)]).toEqual([name, totals[name]]);
      }
      expect(parts.by_provider).toEqual(made.length === 0 ? [] : [{ provider: 'openai', ...totals }]);
      for (const one of parts.by_agent)
        expect(one.agent_slug).toBe(one.agent_id === null ? null : `agent-${agents.indexOf(one.agent_id)}`);
    }),
    { numRuns: 15 },
  );
});

test('people and keys are told one by one when it is asked for, the dearest first, with what is left of the total', async () => {
  const from_ms = Date.UTC(2026, 9, 5);
  await rows.query('call ensure_partitions($1, 1)', [new Date(from_ms).toISOString()]);
  const people = [makeId('actor'), makeId('actor')];
  await rows.insert('actors', namedRows(people, { tenant_id: whose.tenant_id, kind: 'human' }));
  const callBy = (actor_id: string | null, cost_usd: string) =>
    recordRow(runRow({ ...whose, actor_id }, from_ms + 1_000), { cost_usd });
  const [first, second] = people as [string, string];
  await rows.insert('llm_run_records', [
    ...[callBy(first, '0.000000001'), callBy(first, '1.000000001'), callBy(second, '2.500000000')],
    callBy(null, '0.250000000'),
  ]);
  const read = (more: string) =>
    admin.get<Metrics & { by_asker: { items: Asker[]; rest: Asker } | null }>(
      `/api/v1/activity/metrics?from=2026-10-05&to=2026-10-06${more}`,
    );
  const told = ({ name, calls, cost_usd }: Asker) => [name, calls, cost_usd];
  const people_told = expectStatus(200, await read('&group_by=actor')).by_asker;
  expect(people_told?.items.map(told)).toEqual([
    ['named-1', 1, '2.500000000'],
    ['named-0', 2, '1.000000002'],
  ]);
  expect(people_told?.rest).toMatchObject({ calls: 1, cost_usd: '0.250000000' });
  const keys = expectStatus(200, await read('&group_by=api_key')).by_asker;
  expect(keys?.items.map(told)).toEqual([[null, 4, '3.750000002']]);
  expect(keys?.rest).toMatchObject({ calls: 0, cost_usd: '0.000000000' });
  expect(expectStatus(200, await read('')).by_asker).toBeNull();
  expect((await read('&group_by=session')).status).toBe(400);
});

test('the width of a bucket follows the range, and too many buckets are refused', async () => {
  const read = (query: string) => admin.get<Metrics>(`/api/v1/activity/metrics?${query}`);
  expect((await read('from=2026-11-01&to=2026-11-02')).body.bucket).toBe('hour');
  expect((await read('from=2026-11-01T00:00:00Z&to=2026-11-01T01:00:00Z')).body.bucket).toBe('minute');
  expect((await read('from=2026-01-01&to=2026-11-02')).body.bucket).toBe('day');
  expect((await read('from=2026-11-02&to=2026-11-01')).status).toBe(400);
  expect((await read('from=2026-01-01&to=2026-11-01&bucket=minute')).status).toBe(400);
  expect((await read('')).body.totals.cost_usd).toBe('0.000000000');
});
