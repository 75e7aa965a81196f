import type { RunFacets } from '@aos/core/activity/run-facets.ts';
import type { RunOutcomes } from '@aos/core/activity/run-outcomes.ts';
import { instantOf } from '@aos/core/base/id.ts';
import { makeId } from '@aos/server/base/deps.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus } from '../parts/client.ts';
import { firstProject, incidentRow, openRows, type Rows, recordRow, runRow, type Whose } from './rows.ts';

interface Item {
  id: string;
  is_synthetic: boolean;
}
interface Page {
  items: Item[];
  next_cursor: string | null;
  total: number | null;
  generated_at: string;
}

let app: TestApp;
let rows: Rows;
let admin: Api;
let whose: Whose;
beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  admin = api(app);
  whose = await firstProject(rows);
});
afterAll(async () => {
  await rows?.close();
  await app?.close();
});
/** Records are write-once, so only the superuser of the tests can take them away. */
beforeEach(() =>
  rows.query(
    'set session_replication_role = replica; delete from runs; delete from llm_run_records; delete from incidents; set session_replication_role = origin',
  ),
);

const path = '/api/v1/activity/completed';
const read = async (query: string, client = admin) => expectStatus(200, await client.get<Page>(`${path}?${query}`));

/** Turns all pages, doing something before each. */
async function readAll(query: string, limit: number, between: () => Promise<void> = async () => undefined) {
  const pages: Page[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = await read(`${query}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
    pages.push(page);
    cursor = page.next_cursor;
    await between();
  }
  return pages;
}

describe('turning pages', () => {
  test('shows every row once, newest first, while rows are being added', async () => {
    const now = Date.now() - 60_000;
    const there = Array.from({ length: 100 }, (_, n) => runRow(whose, now + n * 7));
    await rows.insert('runs', there);
    let added = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3, max: 60 }), fc.integer({ min: 0, max: 5 }), async (limit, growth) => {
        let pages_to_grow = 5;
        const seen = await readAll('', limit, async () => {
          if (pages_to_grow-- <= 0) return;
          const fresh = Array.from({ length: growth }, () => runRow(whose, now + 1_000 + ++added));
          if (growth > 0) await rows.insert('runs', fresh);
        });
        const ids = seen.flatMap((page) => page.items.map((item) => item.id));
        expect(ids).toEqual([...ids].sort().reverse());
        expect(new Set(ids).size).toBe(ids.length);
        expect(there.filter((run) => !ids.includes(run.id))).toEqual([]);
        for (const page of seen.slice(0, -1)) expect(page.items).toHaveLength(limit);
      }),
      { numRuns: 12 },
    );
  });

  test('counts exactly up to 10,000 rows and says nothing beyond', async () => {
    const now = Date.now() - 60_000;
    const many = Array.from({ length: 10_000 }, (_, n) => runRow(whose, now + n));
    await rows.insert('runs', many);
    // A count that takes too long is left out, so a busy machine may answer null at first.
    await expect.poll(async () => (await read('limit=1')).total).toBe(10_000);
    await rows.insert('runs', [runRow(whose, now + 20_000)]);
    await expect.poll(() => read('limit=1')).toMatchObject({ total: null, total_at_least: 10_000 });
    await rows.insert('runs', [
      runRow(whose, now + 20_001, { status: 'running', termination_reason: null, ended_at: null }),
    ]);
    expect((await read('limit=1')).total).toBeNull();
    const first_ten = `limit=1&to=${new Date(now + 10).toISOString()}`;
    await expect.poll(async () => (await read(first_ten)).total).toBe(10);
  });

  test.each([
    ['limit=201', 'limit'],
    ['limit=0', 'limit'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${makeId('incident')}`, 'cursor'],
    ['status=running', 'status'],
    ['from=yesterday', 'from'],
    ['agent=', 'agent'],
    ['cost=0.5', 'cost'],
    ['cost=%3E5s', 'cost'],
    ['elapsed=30s', 'elapsed'],
    ['q=%00', 'q'],
    ['agnet=x', 'agent'],
  ])('refuses %s and says why', async (query, named) => {
    const answer = await admin.get<{ error: { code: string; message: string } }>(`${path}?${query}`);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_query']);
    expect(answer.body.error.message).toContain(named);
  });
});

describe('filters', () => {
  const agents = ['alpha', 'beta'];
  const statuses = {
    COMPLETED: 'succeeded',
    BUDGET_EXCEEDED: 'failed_policy',
    POLICY_BLOCK: 'failed_policy',
    SYSTEM_FAILURE: 'failed',
    USER_ABORT: 'cancelled',
  } as const;
  const reasons = Object.keys(statuses) as (keyof typeof statuses)[];
  const models = ['gpt-4o', 'gpt-4o-mini', 'claude'];

  /** Which rows a query is about, by a plain reading of its words. */
  const wanted = (query: Record<string, string>, run: Run): boolean =>
    (query.agent === undefined || run.agent === query.agent) &&
    (query.status === undefined || query.status.split(',').includes(run.status)) &&
    (query.reason === undefined || query.reason.split(',').includes(run.termination_reason)) &&
    (query.model === undefined || run.model === query.model) &&
    (query.risk === undefined || run.risk === query.risk) &&
    (query.q === undefined || says(run, query.q.toLowerCase())) &&
    (query.cost === undefined || costs(run, query.cost)) &&
    (query.elapsed === undefined || compared(run.elapsed_ms, query.elapsed)) &&
    (query.from === undefined || run.created_at >= query.from) &&
    (query.to === undefined || run.created_at < query.to) &&
    (query.is_synthetic === 'all' || run.is_synthetic === (query.is_synthetic === 'true'));

  const says = (run: Run, text: string): boolean =>
    [run.goal, run.agent].some((name) => name?.toLowerCase().includes(text)) ||
    run.termination_reason.toLowerCase().includes(text) ||
    run.id.startsWith(text);
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
  const compared = (amount: number, asked: string, unit = 1_000): boolean => {
    const [, sign = '', text = '', named = ''] = /^([<>]=?)([\d.]+)(\D*)$/.exec(asked) ?? [];
    const other = Number(text) * (units[named] ?? unit);
    return (sign.endsWith('=') && amount === other) || (sign.startsWith('>') ? amount > other : amount < other);
  };
  /** What has calls of unknown price costs at least what is known, so it is below nothing. */
  const costs = (run: Run, asked: string): boolean =>
    asked === 'unknown' ? run.is_unpriced : compared(run.cost, asked, 1) && !(asked.startsWith('<') && run.is_unpriced);

  type Run = ReturnType<typeof runRow> & {
    agent: string | null;
    goal: string | null;
    cost: number;
    elapsed_ms: number;
    is_unpriced: boolean;
    termination_reason: string;
    model: string;
    risk: string | null;
  };

  test('find exactly the rows that they describe, alone and together', async () => {
    const ids = new Map(agents.map((slug) => [slug, makeId('agent')]));
    const made = {
      tenant_id: whose.tenant_id,
      project_id: whose.project_id,
      auto_registered: false,
      created_at: new Date().toISOString(),
    };
    await rows.insert(
      'agents',
      agents.map((slug) => ({ ...made, id: ids.get(slug), slug, name: slug })),
    );
    const now = Date.now() - 3_600_000;
    const pick = <T>(of: readonly T[], n: number): T => of[n % of.length] as T;
    const runs = Array.from({ length: 240 }, (_, n): Run => {
      const agent = pick([...agents, null], n);
      const reason = pick(reasons, Math.floor(n / 3));
      const is_synthetic = n % 7 === 0;
      const mode = pick(['gateway', 'managed', 'external'], Math.floor(n / 2));
      const goal = mode === 'gateway' ? null : pick(['Refund order 1182', 'Sum up 100% of_it', null], n);
      const [cost, elapsed_ms] = [pick([0.1, 0.5, 2], Math.floor(n / 4)), pick([400, 30_000, 95_000], n)];
      const at_ms = now + n * 1_000;
      const run = runRow({ ...whose, agent_id: agent === null ? null : (ids.get(agent) ?? null) }, at_ms, {
        ...{ status: statuses[reason], termination_reason: reason, is_synthetic, mode, goal },
        ...{ estimated_cost_usd: String(cost), ended_at: new Date(at_ms + elapsed_ms).toISOString() },
      });
      return {
        ...run,
        agent,
        termination_reason: reason,
        status: statuses[reason],
        is_synthetic,
        model: pick(models, Math.floor(n / 5)),
        risk: n % 11 === 0 ? 'HIGH' : null,
        ...{ goal, cost, elapsed_ms, is_unpriced: n % 6 === 0 },
      };
    });
    const plain = runs.map(
      ({ agent: _a, model: _m, risk: _r, cost: _c, elapsed_ms: _e, is_unpriced: _u, ...run }) => run,
    );
    await rows.insert('runs', plain);
    await rows.insert(
      'llm_run_records',
      runs.map((run) => recordRow(run, { model: run.model, ...(run.is_unpriced && { cost_usd: null }) })),
    );
    await rows.insert(
      'incidents',
      runs.filter((run) => run.risk).map((run) => incidentRow(run, makeId('policy'))),
    );
    const instants = runs.map((run) => run.created_at);
    const query = fc.record(
      {
        agent: fc.constantFrom(...agents),
        status: fc.constantFrom('succeeded', 'failed', 'failed,cancelled', 'failed_policy'),
        reason: fc.constantFrom(...reasons, 'BUDGET_EXCEEDED,USER_ABORT'),
        model: fc.constantFrom(...models, 'nobody-calls-this'),
        risk: fc.constantFrom('HIGH', 'LOW'),
        q: fc.constantFrom(
          'refund ORDER',
          '100% of_',
          'alph',
          'budget',
          '%',
          runs[5]?.id ?? '',
          runs[5]?.id.slice(0, 12) ?? '',
        ),
        cost: fc.constantFrom('>0.5', '>=0.5', '<2', '<=0.1', 'unknown'),
        elapsed: fc.constantFrom('>30s', '>=30', '<1m', '<=400ms'),
        from: fc.constantFrom(...instants),
        to: fc.constantFrom(...instants),
        is_synthetic: fc.constantFrom('true', 'false', 'all'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        const pages = await readAll(String(new URLSearchParams(asked)), 200);
        const expected = runs.filter((run) => wanted(asked, run)).map((run) => run.id);
        expect(pages.flatMap((page) => page.items.map((item) => item.id))).toEqual(expected.sort().reverse());
        expect(pages[0]?.total).toBe(expected.length);
        const range = { from: new Date(now - 1).toISOString(), to: new Date(now + 3_600_000).toISOString(), ...asked };
        if (range.from >= range.to) return;
        const facets = expectStatus(
          200,
          await admin.get<RunFacets>(`/api/v1/activity/facets?part=completed&${new URLSearchParams(asked)}`),
        );
        for (const [name, of] of [
          ['status', 'status'],
          ['reason', 'termination_reason'],
          ['agent', 'agent'],
          ['source', 'mode'],
        ] as const) {
          const others = runs.filter((run) => wanted({ ...asked, [name]: undefined } as typeof asked, run));
          const counts = new Map<string, number>();
          for (const run of others) if (run[of] !== null) counts.set(run[of], (counts.get(run[of]) ?? 0) + 1);
          // A count that takes too long is left out, and never wrong.
          if (facets[name] !== null)
            expect([name, new Map(facets[name].map(({ value, count }) => [value, count]))]).toEqual([name, counts]);
        }
        const counted = await admin.get<RunOutcomes>(`/api/v1/activity/outcomes?${new URLSearchParams(range)}`);
        const ways = expectStatus(200, counted).buckets.flatMap(({ runs }) => Object.values(runs));
        expect(ways.reduce((sum, n) => sum + n, 0)).toBe(expected.length);
      }),
      { numRuns: 120 },
    );
  });

  test('leave synthetic runs out, except in the project demo', async () => {
    const { id: demo } = expectStatus(
      201,
      await admin.post<{ id: string }>('/api/v1/projects', { slug: 'demo', name: 'Demo' }),
    );
    const now = Date.now() - 60_000;
    const real = runRow(whose, now);
    const made = runRow({ ...whose, project_id: demo }, now + 1, { is_synthetic: true });
    await rows.insert('runs', [real, made]);
    const ids = async (query: string) => (await read(query)).items.map((item) => item.id);
    expect(await ids('')).toEqual([real.id]);
    expect(await ids('project=demo')).toEqual([made.id]);
    expect(await ids(`project=${demo}`)).toEqual([made.id]);
    expect(await ids('project=demo&is_synthetic=false')).toEqual([]);
    expect(await ids('is_synthetic=all')).toEqual([made.id, real.id]);
  });

  test('by a name that nobody has find nothing, and are no mistake', async () => {
    await rows.insert('runs', [runRow(whose, Date.now())]);
    expect(await read('agent=nobody')).toMatchObject({ items: [], next_cursor: null, total: 0 });
  });

  test('by time are about the instant of the row, whatever the clock said that made its id', async () => {
    const at = Date.now() - 120_000;
    const run = runRow(whose, at, { created_at: new Date(at + 30_000).toISOString() });
    await rows.insert('runs', [run]);
    expect(instantOf(run.id)).toBe(at);
    expect((await read(`from=${new Date(at + 30_000).toISOString()}`)).total).toBe(1);
    expect((await read(`to=${new Date(at + 30_000).toISOString()}`)).total).toBe(0);
  });
});
