import type { Tx } from '@aos/server/base/database.ts';
import { readMany } from '@aos/server/store/list.ts';
import { search as searchStore } from '@aos/server/store/search-read.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { firstProject, idAt, incidentRow, openRows, type Rows, recordRow, runRow, type Whose } from './rows.ts';

interface Hit {
  kind: string;
  id: string;
  name: string;
  about: string | null;
  url: string;
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

const search = async (q: string, client = admin) =>
  expectStatus(200, await client.get<{ items: Hit[] }>(`/api/v1/search?q=${encodeURIComponent(q)}`)).items;

test('everything is found by a part of its name, a run by its goal, and anything by its whole id', async () => {
  const agent = expectStatus(201, await admin.post<{ id: string }>('/api/v1/agents', { slug: 'otter-bot' }));
  const key = await makeKey(admin, { name: 'Otter in production' });
  const run = runRow(whose, Date.now() - 60_000, {
    goal: 'Count the otters',
    mode: 'managed',
    agent_id: agent.id,
  });
  await rows.insert('runs', [run]);
  const policy = {
    name: 'Otter cap',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
  };
  expectStatus(201, await admin.post('/api/v1/policies', policy));
  const found = await search('OTTER');
  expect(found.map(({ kind }) => kind)).toEqual(['agent', 'policy', 'api_key', 'run']);
  expect(found.map(({ name }) => name)).toEqual(['otter-bot', 'Otter cap', 'Otter in production', 'Count the otters']);
  expect(found.at(-1)?.about).toMatch(/^otter-bot, /);
  expect(await search(run.id)).toMatchObject([
    { kind: 'run', id: run.id, url: `${app.deps.config.public_url}/runs/${run.id}` },
  ]);
  expect(await search(key.id)).toMatchObject([{ kind: 'api_key', id: key.id }]);
});

test('the beginning of an id finds what has it, newest first, and does not hide what is called so', async () => {
  const newest = runRow(whose, Date.now() + 60_000);
  await rows.insert('runs', [
    newest,
    runRow(whose, Date.now() - 30_000, { goal: 'run_0 of the marathon', mode: 'external' }),
  ]);
  for (const length of [4, 14, 20, 29]) {
    const [first] = await search(newest.id.slice(0, length));
    expect(first).toMatchObject({ kind: 'run', id: newest.id });
  }
  expect(await search(`${newest.id}0`)).toEqual([]);
  expect((await search('RUN_0 of')).map(({ name }) => name)).toEqual(['run_0 of the marathon']);
  const [policy] = await search('Otter cap');
  expect(await search(policy?.id.slice(0, 20) ?? '')).toMatchObject([{ kind: 'policy', id: policy?.id }]);
});

test('a search looks at no run that has no goal', async () => {
  await rows.insert(
    'runs',
    Array.from({ length: 3_000 }, (_, n) => runRow(whose, Date.now() - 120_000 - n)),
  );
  await rows.query('analyze runs');
  const runsRead = async (tx: Tx) => {
    const [row] = await tx.query<{ n: number }>(
      `select coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::int as n from pg_stat_xact_all_tables
        where relname like 'runs\\_2%'`,
    );
    return row?.n ?? 0;
  };
  for (const text of ['run_', 'no such thing']) {
    const read = await app.deps.db.tenant(whose.tenant_id, async (tx) => {
      await readMany(tx);
      await searchStore(tx, {
        text,
        bound_to: null,
        is_synthetic: false,
        limit: 20,
        since_ms: Date.now() - 86_400_000,
      });
      return runsRead(tx);
    });
    expect(read).toBeLessThan(50);
  }
});

test('what is typed is text and no pattern, and a key of one project finds nothing of another', async () => {
  expect(await search('%')).toEqual([]);
  expect(await search('otter_bot')).toEqual([]);
  const { id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug: 'side' }));
  const side = api(app, (await makeKey(admin, { role: 'viewer', project_id: id })).secret);
  expect((await search('otter', side)).map(({ kind }) => kind)).toEqual(['policy']);
});

test('what policies did is told day by day: a call on which two controls fired is one', async () => {
  const policy_id = idAt('pol', Date.now());
  const run = runRow(whose, Date.now() - 60_000);
  await rows.insert('runs', [run]);
  await rows.insert('incidents', [incidentRow(run, policy_id)]);
  const violation = (n: number, decision: string, more: object = {}) => ({
    ...{ tenant_id: whose.tenant_id, id: idAt('vio', Date.now() - 50_000 + n), run_id: run.id, decision_id: decision },
    ...{ policy_id, policy_version: 1, control_id: idAt('ctl', Date.now()), control_type: 'requests' },
    ...{ mode: 'enforce', action: 'block', category: 'RATE_LIMIT', severity: 'LOW', subject: '*', is_synthetic: false },
    ...{ occurred_at: new Date(Date.now() - 50_000).toISOString(), ...more },
  });
  const [first, second, third] = [1, 2, 3].map((n) => idAt('dec', Date.now() + n)) as [string, string, string];
  await rows.insert('violations', [
    violation(1, first),
    violation(2, first),
    violation(3, second, { action: 'warn' }),
    violation(4, third, { mode: 'shadow' }),
  ]);
  const path = `/api/v1/policies/effects?days=2&policy_id=${policy_id}`;
  const { items, by_agent, examples } = expectStatus(
    200,
    await admin.get<{ items: { days: object[] }[]; by_agent: object[]; examples: object[] }>(path),
  );
  expect(items).toMatchObject([{ policy_id, stopped: 1, warned: 1, shadow: 1 }]);
  expect(items[0]?.days).toHaveLength(1);
  expect(by_agent).toMatchObject([{ agent_id: null, stopped: 1, warned: 1, shadow: 1 }]);
  expect(examples).toMatchObject([
    { decision_id: third, mode: 'shadow' },
    { decision_id: second, action: 'warn', agent_slug: null },
    { decision_id: first, run_id: run.id },
    { decision_id: first },
  ]);
  const narrowed = async (query: string) =>
    expectStatus(200, await admin.get<{ items: object[]; examples: { decision_id: string }[] }>(`${path}&${query}`));
  const stopped = await narrowed('only=stopped');
  expect(stopped.items).toMatchObject([{ stopped: 1, warned: 0, shadow: 0 }]);
  expect(new Set(stopped.examples.map(({ decision_id }) => decision_id))).toEqual(new Set([first]));
  expect((await narrowed('version=1')).examples).toHaveLength(4);
  expect(await narrowed('version=2')).toMatchObject({ items: [], examples: [] });
});

test('whom a policy may name is told with the runs and the cost of seven days, and what was meant by a wrong name', async () => {
  const day_ms = 86_400_000;
  const agent = expectStatus(201, await admin.post<{ id: string }>('/api/v1/agents', { slug: 'heron-bot' }));
  const human = expectStatus(201, await admin.post<{ id: string }>('/api/v1/actors', { slug: 'heron@example.com' }));
  expectStatus(201, await admin.post('/api/v1/actors', { slug: 'heron-job', kind: 'service' }));
  const key = await makeKey(admin, { name: 'Heron' });
  const path = `/api/v1/api-keys/${key.id}/rotate`;
  const rotated = expectStatus(200, await admin.post<{ id: string; hint: string }>(path, { reason: 'old' }));
  const mine = { ...whose, agent_id: agent.id, actor_id: human.id };
  const at = (days: number, more: object = {}) =>
    runRow(mine, Date.now() - days * day_ms, { estimated_cost_usd: '0.250000000', ...more });
  const unpriced = at(2, { api_key_id: rotated.id, estimated_cost_usd: '0' });
  await rows.insert('runs', [
    at(1, { api_key_id: key.id }),
    unpriced,
    at(8, { api_key_id: key.id }),
    at(1, { mode: 'reported' }),
    at(1, { is_synthetic: true }),
  ]);
  await rows.insert('llm_run_records', [recordRow(unpriced, { cost_usd: null })]);
  interface Targets {
    items: object[];
    total: number;
    unknown: object[];
  }
  const targets = async (query: string, client = admin) =>
    expectStatus(200, await client.get<Targets>(`/api/v1/policies/targets?${query}`));
  const used = { runs: 2, cost_usd: '0.250000000', has_unpriced: true };

  const agents = await targets('kind=agent&q=HERON');
  expect(agents).toMatchObject({ total: 1, unknown: [] });
  expect(agents.items).toEqual([{ value: 'heron-bot', name: 'heron-bot', hint: null, ...used }]);
  const keys = await targets('kind=api_key&q=heron');
  expect(keys.items).toEqual([{ value: key.id, name: 'Heron', hint: rotated.hint, ...used }]);
  const humans = await targets('kind=actor&q=heron');
  expect(humans.items).toMatchObject([{ value: 'heron@example.com', ...used }]);
  const [first] = (await targets('kind=project')).items;
  expect(first).toMatchObject({ value: 'default', has_unpriced: true });

  expect(await targets('kind=agent&q=heronbott')).toMatchObject({
    items: [],
    unknown: [{ text: 'heronbott', nearest: 'heron-bot' }],
  });
  expect(await targets('kind=agent&value=heron-bot&value=heorn-bot&value=zzz')).toMatchObject({
    items: [{ value: 'heron-bot' }],
    unknown: [
      { text: 'heorn-bot', nearest: 'heron-bot' },
      { text: 'zzz', nearest: null },
    ],
  });
  expect((await targets('kind=agent&q=%25')).items).toEqual([]);

  const { id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug: 'nest' }));
  const nest = api(app, (await makeKey(admin, { role: 'viewer', project_id: id })).secret);
  expect(await targets('kind=agent&q=heron-bot', nest)).toMatchObject({
    items: [],
    unknown: [{ text: 'heron-bot', nearest: null }],
  });
  expect((await targets('kind=project', nest)).items).toMatchObject([{ value: 'nest', runs: 0 }]);
});

test('a window that a typical run outlasts is told by lint, counted by its calls and not by its closing', async () => {
  const agent = expectStatus(201, await admin.post<{ id: string }>('/api/v1/agents', { slug: 'egret-bot' }));
  const lasting = (minutes: number) => {
    const at_ms = Date.now() - 3_600_000;
    const last_activity_at = new Date(at_ms + minutes * 60_000).toISOString();
    return runRow({ ...whose, agent_id: agent.id }, at_ms, { last_activity_at, ended_at: new Date().toISOString() });
  };
  await rows.insert('runs', [lasting(1), lasting(5), lasting(9)]);
  const told = async (per: string) => {
    const document = {
      ...{ name: 'Short', target: { kind: 'agent', ids: ['egret-bot'] } },
      controls: [{ limit: { type: 'tokens_total', max: 1000, window: { per } }, action: 'block' }],
    };
    const { findings } = expectStatus(
      200,
      await admin.post<{ findings: { path: string; message: string }[] }>('/api/v1/policies/lint', { document }),
    );
    return findings.filter(({ path }) => path === 'controls[0].limit.window').map(({ message }) => message);
  };
  expect(await told('minute')).toEqual([expect.stringContaining('a typical run of this target lasts 5 minutes')]);
  expect(await told('hour')).toEqual([]);
});
