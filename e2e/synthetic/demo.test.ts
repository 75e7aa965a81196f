import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedIn } from '../http/person.ts';
import { type Api, api, expectStatus } from '../parts/client.ts';
import { aos } from '../parts/command.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
let demo: DemoBody;
beforeAll(async () => {
  gateway = await startGateway();
  demo = expectStatus(201, await gateway.admin.post<DemoBody>('/api/v1/demo', { runs: 120, days: 5 }));
});
afterAll(() => gateway.stop());

interface DemoBody {
  project_id: string;
  policies: { id: string; name: string }[];
  history: {
    runs: number;
    calls: number;
    refused_calls: number;
    runs_stopped: number;
    incidents: number;
    violations: number;
    cost_usd: string;
  };
  live: { api_key: { secret: string }; calls: { headers: Record<string, string>; body: object }[] };
}

const totalOf = async (path: string): Promise<number | null> =>
  expectStatus(200, await gateway.admin.get<{ total: number | null }>(path)).total;

test('what the demo says of itself is what the server counts', async () => {
  const { history } = demo;
  expect(history.runs).toBe(120);
  expect(await totalOf('/api/v1/runs?project=demo&limit=1')).toBe(120);
  expect(await totalOf('/api/v1/runs?project=demo&limit=1&status=failed_policy,cancelled')).toBe(history.runs_stopped);
  expect(await totalOf('/api/v1/incidents?project=demo&limit=1')).toBe(history.incidents);
  expect(await totalOf('/api/v1/logs/llm-runs?project=demo&limit=1')).toBe(history.calls - history.refused_calls);
  const [sums] = await gateway.rows(
    'select sum(estimated_cost_usd)::text as runs, (select sum(cost_usd)::text from llm_run_records) as records from runs',
  );
  expect([Number(sums?.runs), Number(sums?.records)]).toEqual([Number(history.cost_usd), Number(history.cost_usd)]);
  expect(history.runs_stopped).toBeGreaterThan(0);
});

test('an empty list of the command says how much of the demo it leaves out, and how that is seen', async () => {
  const ask = (...args: string[]) =>
    aos({ AOS_URL: gateway.server.url, AOS_API_KEY: gateway.server.admin_key }, ...args);
  expect((await ask('runs', '--no-color')).err).toContain(
    'No runs. 120 synthetic ones are not shown; --synthetic shows them.',
  );
  expect((await ask('runs', '--synthetic', '--no-color')).err).not.toContain('not shown');
  expect((await ask('runs', '--agent', 'nobody', '--no-color')).err).toMatch(/^No runs\.$/m);
});

test('history is decided by the policies of the demo: no day of the support bot goes beyond its cap', async () => {
  const days = await gateway.rows<{ spent: string; refused: string }>(
    `select sum(r.estimated_cost_usd)::text as spent, sum(r.refused_calls) as refused from runs r join agents a on a.id = r.agent_id
      where a.slug = 'support-bot' group by date_trunc('day', r.created_at at time zone 'UTC')`,
  );
  expect(days.length).toBeGreaterThan(1);
  for (const { spent } of days) expect(Number(spent)).toBeLessThanOrEqual(1.03);
  const unexplained = await gateway.rows(
    "select d.id from decisions d where d.verdict in ('block', 'kill') and not exists (select from violations v where v.decision_id = d.id)",
  );
  expect(unexplained).toEqual([]);
});

test('it shows in the project demo, is marked everywhere, and stands among the rows of its time', async () => {
  expect(await totalOf('/api/v1/runs?limit=1')).toBe(0);
  expect(await totalOf('/api/v1/incidents?limit=1')).toBe(0);
  for (const table of ['runs', 'steps', 'decisions', 'violations', 'incidents', 'llm_run_records']) {
    const unmarked = await gateway.rows(`select id from ${table} where not is_synthetic`);
    expect([table, unmarked]).toEqual([table, []]);
  }
  const [range] = await gateway.rows<{ days: number }>(
    'select extract(day from max(created_at) - min(created_at))::int as days from runs',
  );
  expect(range?.days).toBeGreaterThanOrEqual(3);
  const early = new Date(Date.now() - 60 * 3_600_000).toISOString();
  const before = await totalOf(`/api/v1/runs?project=demo&limit=1&to=${early}`);
  const [counted] = await gateway.rows('select count(*)::int as n from runs where created_at < $1', [early]);
  expect(before).toBe(counted?.n);
  const late = await gateway.rows(
    "select id from audit_ledger where recorded_at < clock_timestamp() - interval '1 hour'",
  );
  expect(late).toEqual([]);
});

const kindsFound = async (q: string, more = '') => {
  const path = `/api/v1/search?q=${encodeURIComponent(q)}${more}`;
  const { items } = expectStatus(200, await gateway.admin.get<{ items: { kind: string }[] }>(path));
  return items.map(({ kind }) => kind);
};

test('a search finds its runs and incidents by their ids, by their words only where they are asked for', async () => {
  const [run] = await gateway.rows('select id, goal from runs where goal is not null limit 1');
  const [incident] = await gateway.rows('select id, title from incidents limit 1');
  for (const [kind, words, id] of [
    ['run', run?.goal, run?.id],
    ['incident', incident?.title, incident?.id],
  ]) {
    expect(await kindsFound(words)).not.toContain(kind);
    expect(await kindsFound(words, '&is_synthetic=all')).toContain(kind);
    expect(await kindsFound(id)).toContain(kind);
  }
});

test('its live part are real calls, marked as its history is: one is refused, one waits for a person, a limit is near', async () => {
  const client = api(gateway.server, demo.live.api_key.secret);
  const made = demo.live.calls.map(({ headers, body }) => client.post('/v1/chat/completions', body, { headers }));
  const answers = await Promise.all(made);
  const answer = answers[0];
  const statuses = answers.map(({ status }) => status).filter((status) => status !== 200);
  expect([answer?.status, statuses.sort()]).toEqual([200, [403, 429]]);
  await gateway.untilSettled();
  expect((await gateway.admin.get<{ items: unknown[] }>('/api/v1/approvals')).body.items).toHaveLength(1);
  const [demos_own, everybodys] = await Promise.all(
    ['project=demo', 'is_synthetic=all'].map((query) => totalOf(`/api/v1/alerts?${query}&limit=1`)),
  );
  expect([await totalOf('/api/v1/alerts?limit=1'), demos_own]).toEqual([0, everybodys]);
  expect(everybodys).toBeGreaterThan(0);
  const alerts = await gateway.rows('select tier from alerts where subject is not null and tier < 100 order by tier');
  expect(alerts.map(({ tier }) => tier)).toEqual([50, 70]);
  const [run] = await gateway.rows('select is_synthetic, synthetic_scenario_id from runs where id = $1', [
    answer?.headers.get('x-aos-run-id'),
  ]);
  expect(run).toEqual({ is_synthetic: true, synthetic_scenario_id: 'demo' });
});

test('its agents go on calling as long as the command runs, on the demo that is there', async () => {
  const before = (await gateway.rows(`select id from runs where status = 'running'`)).length;
  const ran = await aos(
    { AOS_URL: gateway.server.url, AOS_API_KEY: gateway.server.admin_key },
    ...['demo', '--live', '--count', '4', '--jsonl'],
  );
  expect([ran.code, ran.err]).toEqual([0, expect.stringContaining('/activity/live?project=demo')]);
  const told = ran.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { agent: string; outcome: string });
  expect(told.map(({ outcome }) => outcome)).toHaveLength(4);
  expect(told.every(({ outcome }) => outcome !== 'failed')).toBe(true);
  const running = await gateway.rows<{ is_synthetic: boolean }>(
    `select is_synthetic from runs where status = 'running'`,
  );
  expect(running.length).toBeGreaterThan(before);
  expect(running.every(({ is_synthetic }) => is_synthetic)).toBe(true);
  const keys = await gateway.rows(`select revoked_at is not null as gone from api_keys where name = 'demo live'`);
  expect(keys).toEqual([{ gone: true }]);
});

test('history enters synthetic projects only, and only what is past', async () => {
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const run = (of: object) => ({
    agent: 'late',
    calls: [{ at, model: 'mock-small', input_tokens: 10, output_tokens: 5, ...of }],
  });
  const into = (project: string, of: object = {}) =>
    gateway.admin.post('/api/v1/imports/synthetic', { project, runs: [run(of)], reason: 'a test' });
  expect((await into('default')).status).toBe(409);
  expect((await into('demo', { at: new Date(Date.now() + 60_000).toISOString() })).status).toBe(400);
  expect((await into('demo', { is_synthetic: false })).status).toBe(400);
  expect((await into('demo')).status).toBe(201);
});

test('one request takes it away, nothing is deleted, and it can be loaded again', async () => {
  const runs = (await gateway.rows('select id from runs')).length;
  const gone = await gateway.admin.post<{ policies_retired: number; runs: number }>('/api/v1/demo/remove', {
    reason: 'over',
  });
  expect(expectStatus(200, gone)).toMatchObject({ policies_retired: 7, runs });
  expect((await gateway.rows('select id from runs')).length).toBe(runs);
  expect(await totalOf('/api/v1/runs?project=demo&limit=1')).toBe(0);
  expect(await totalOf('/api/v1/policies?status=active&limit=1')).toBe(0);
  const projects = await gateway.admin.get<{ items: { slug: string }[] }>('/api/v1/projects');
  expect(projects.body.items.map(({ slug }) => slug)).toEqual(['default']);
  expect((await gateway.admin.get<{ items: unknown[] }>('/api/v1/agents')).body.items).toEqual([]);
  expect(await kindsFound('support-bot')).not.toContain('agent');
  expect(await kindsFound('demo')).not.toContain('project');
  const call = await api(gateway.server, demo.live.api_key.secret).post(
    '/v1/chat/completions',
    demo.live.calls[0]?.body,
  );
  expect(call.status).toBe(401);
  expect((await gateway.admin.post('/api/v1/demo/remove', { reason: 'again' })).status).toBe(404);
  const turn = (by: Api, two_person_rule: boolean) =>
    by.put('/api/v1/projects/default', { two_person_rule, reason: 'a test' });
  const second = await signedIn(gateway.admin, 'second@example.com');
  expectStatus(200, await turn(gateway.admin, true));
  const refused = await gateway.admin.post<{ error: { code: string } }>('/api/v1/demo', { runs: 10, days: 1 });
  expect([refused.status, refused.body.error.code]).toEqual([403, 'two_person_rule']);
  expect((await gateway.admin.get<{ items: unknown[] }>('/api/v1/projects')).body.items).toHaveLength(1);
  for (const by of [gateway.admin, second]) expectStatus(200, await turn(by, false));
  expectStatus(201, await gateway.admin.post('/api/v1/demo', { runs: 10, days: 1 }));
  expect(await totalOf('/api/v1/runs?project=demo&limit=1')).toBe(10);
});
