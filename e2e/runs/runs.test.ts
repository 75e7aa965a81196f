import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface PlanStep {
  name: string;
  state: string;
  attempt: number;
  depends_on: string[];
  output: unknown;
  error: { code: string } | null;
  started_at: string;
  ended_at: string;
}

interface Detail {
  id: string;
  status: string;
  hold: string;
  termination_reason: string | null;
  violation_policy_id: string | null;
  parent_run_id: string | null;
  plan_steps: PlanStep[];
  result: unknown;
  result_withheld: boolean;
  failure: { code: string; message: string } | null;
  retries: number;
  retry_at: string | null;
  incident_ids: string[];
}

const ask = async (body: object) => expectStatus(202, await gateway.admin.post<Detail>('/api/v1/runs', body));
const detail = async (id: string, client = gateway.admin) =>
  expectStatus(200, await client.get<Detail>(`/api/v1/runs/${id}`));
const is_open = /^(?:queued|running|retry)$/;
const until = (id: string, wanted: (run: Detail) => boolean) =>
  waitFor(
    async () => {
      const run = await detail(id);
      return wanted(run) && run;
    },
    { interval_ms: 100, what: `the wanted state of ${id}` },
  );
const ended = (id: string) => until(id, ({ status }) => !is_open.test(status));
const ran = async (body: object) => ended((await ask(body)).id);
const waiting = (id: string, seconds: number, more: object = {}) => ({
  id,
  skill: 'wait',
  params: { seconds },
  ...more,
});

describe('a goal', () => {
  test('is planned from its words: two goals, two plans, with what depends on what, and a result at the end', async () => {
    const [one, two] = await Promise.all([
      ran({ goal: 'Collect the tickets and list the invoices, then write a summary', agent_id: 'planner' }),
      ran({ goal: 'Say hello', agent_id: 'planner' }),
    ]);
    expect(one).toMatchObject({ status: 'succeeded', termination_reason: 'COMPLETED', failure: null });
    expect(one.plan_steps.map(({ name, depends_on }) => [name, depends_on])).toEqual([
      ['collect_the_tickets', []],
      ['list_the_invoices', []],
      ['write_summary', ['collect_the_tickets', 'list_the_invoices']],
      ['answer', ['write_summary']],
    ]);
    expect(two.plan_steps).toHaveLength(1);
    expect(typeof one.result).toBe('string');
    const steps = await gateway.rows('select status from steps where run_id = $1', [one.id]);
    expect(steps.map(({ status }) => status)).toEqual(Array(5).fill('succeeded'));
    const records = await gateway.rows('select source from llm_run_records where run_id = $1', [one.id]);
    expect(records.map(({ source }) => source)).toEqual(Array(5).fill('managed'));
  });

  test('whose model answers with no plan fails with PLAN_INVALID and an incident, and no other plan takes its place', async () => {
    const run = await ran({ goal: 'Say hello', agent_id: 'planner', model: 'gpt-4o-mini' });
    expect(run).toMatchObject({
      status: 'failed',
      termination_reason: 'SYSTEM_FAILURE',
      failure: { code: 'PLAN_INVALID' },
      plan_steps: [],
    });
    const incidents = await gateway.rows('select category from incidents where source_run_id = $1', [run.id]);
    expect(incidents).toMatchObject([{ category: 'EXECUTION_FAILURE' }]);
  });
});

describe('a plan', () => {
  test('runs what is independent at the same time, and the rest after what it needs', async () => {
    const steps = [waiting('a', 0.8), waiting('b', 0.8), waiting('c', 0, { depends_on: ['a', 'b'] })];
    const run = await ran({ goal: 'wait', agent_id: 'waiter', plan: { steps } });
    const [a, b, c] = run.plan_steps;
    expect(run.status).toBe('succeeded');
    // The later of the two began before the earlier one ended; the third began after both.
    const began = [a, b].map((of) => of?.started_at ?? '').sort();
    const finished = [a, b].map((of) => of?.ended_at ?? '').sort();
    expect(String(began[1]) < String(finished[0])).toBe(true);
    expect(String(c?.started_at) >= String(finished[1])).toBe(true);
  });

  test('hands results on, goes past what may fail, and skips what comes after what may not', async () => {
    const shape = (id: string, input: unknown, expression: string, more: object = {}) => ({
      ...{ id, skill: 'transform', params: { input, expression }, ...more },
    });
    const given = shape('given', { orders: [{ id: 7 }, { id: 9 }] }, 'orders');
    const good = await ran({
      goal: 'ids',
      agent_id: 'shaper',
      plan: {
        steps: [
          given,
          shape('ids', { $from: 'given', path: '[].id' }, '@', { depends_on: ['given'] }),
          shape('broken', {}, 'a[', { on_error: 'continue' }),
          shape('last', { all: { $from: 'ids' } }, 'all', { depends_on: ['ids', 'broken'] }),
        ],
      },
    });
    expect(good).toMatchObject({ status: 'succeeded', result: [7, 9] });
    expect(good.plan_steps.find(({ name }) => name === 'broken')?.error?.code).toBe('expression_invalid');
    const bad = await ran({
      goal: 'ids',
      agent_id: 'shaper',
      plan: { steps: [shape('broken', {}, 'a['), shape('never', {}, '@', { depends_on: ['broken'] })] },
    });
    expect(bad).toMatchObject({ status: 'failed', failure: { code: 'expression_invalid' } });
    expect(bad.plan_steps.map(({ state }) => state)).toEqual(['failed', 'skipped']);
  });

  test('keeps what every step gave when many end in one moment', async () => {
    const steps = ['a', 'b', 'c', 'd'].map((id) => ({
      id,
      skill: 'transform',
      params: { input: id, expression: '@' },
    }));
    const body = { goal: 'shape', agent_id: 'shaper', plan: { steps } };
    const runs = await Promise.all(Array.from({ length: 8 }, () => ran(body)));
    for (const { status, result, plan_steps } of runs) {
      expect([status, result]).toEqual(['succeeded', { a: 'a', b: 'b', c: 'c', d: 'd' }]);
      expect(plan_steps.map(({ state, output }) => [state, output])).toEqual(steps.map(({ id }) => ['succeeded', id]));
    }
  });

  test('that cannot be carried out is refused before anything is written', async () => {
    const refused = async (steps: object[]) =>
      (await gateway.admin.post<{ error: { message: string } }>('/api/v1/runs', {
        goal: 'x',
        agent_id: 'shaper',
        plan: { steps },
      })) as { status: number; body: { error: { message: string } } };
    const circle = await refused([waiting('a', 1, { depends_on: ['b'] }), waiting('b', 1, { depends_on: ['a'] })]);
    expect([circle.status, circle.body.error.message]).toEqual([400, expect.stringContaining('wait for each other')]);
    const foreign = await refused([{ id: 'a', skill: 'http', params: { url: 'http://example.com/' } }]);
    expect([foreign.status, foreign.body.error.message]).toEqual([400, expect.stringContaining('none of the skills')]);
  });
});

test('a blocked call ends the run at once, with the policy, the reason and the incident, and stops what runs beside it', async () => {
  const policy = await limitAgent(gateway, 'blocked', {
    limit: { type: 'cost_usd', max: '0.00000001', window: { per: 'day' } },
    action: 'block',
  });
  const steps = [
    waiting('beside', 60),
    { id: 'call', skill: 'llm', params: { prompt: 'Hello.', model: 'mock-large' } },
  ];
  const run = await ran({ goal: 'spend', agent_id: 'blocked', plan: { steps } });
  expect(run).toMatchObject({
    status: 'failed_policy',
    termination_reason: 'BUDGET_EXCEEDED',
    violation_policy_id: policy.id,
    failure: { code: 'budget_exceeded' },
  });
  expect(run.incident_ids).toHaveLength(1);
  expect(run.plan_steps[0]?.state).not.toBe('succeeded');
  expect(await gateway.rows('select from holds')).toEqual([]);
});

test('a run stands still while it is paused, goes on when it is resumed, and ends when it is killed', async () => {
  const steps = [waiting('a', 0.5), waiting('b', 0.1, { depends_on: ['a'] })];
  const { id } = await ask({ goal: 'wait', agent_id: 'paused', plan: { steps } });
  await until(id, ({ plan_steps }) => plan_steps[0]?.state === 'running');
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/pause`, { reason: 'to look' }));
  const still = await until(id, ({ plan_steps }) => plan_steps[0]?.state === 'succeeded');
  expect(still).toMatchObject({ status: 'running', hold: 'paused' });
  expect(still.plan_steps[1]?.state).toBe('pending');
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/resume`, { reason: 'seen' }));
  expect(await ended(id)).toMatchObject({ status: 'succeeded' });
  const long = await ask({ goal: 'wait', agent_id: 'paused', plan: { steps: [waiting('a', 600)] } });
  await until(long.id, ({ plan_steps }) => plan_steps[0]?.state === 'running');
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${long.id}/kill`, { reason: 'enough' }));
  expect(await detail(long.id)).toMatchObject({ status: 'cancelled', termination_reason: 'USER_ABORT' });
  const [work] = await gateway.rows('select ended_at from managed_runs where run_id = $1', [long.id]);
  expect(work?.ended_at).not.toBeNull();
});

test('a kill that meets a worker at the end of its run is answered: one of the two comes first', async () => {
  for (let round = 0; round < 40; round += 1) {
    const { id } = await ask({ goal: 'Say hello', agent_id: 'limited', model: 'mock-rate-limited', max_retries: 1 });
    await new Promise((done) => setTimeout(done, 2 * round));
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/kill`, { reason: 'enough' }));
  }
});

test('a failure that may pass is tried again later by itself, and by hand as a new run', async () => {
  const { id } = await ask({ goal: 'Say hello', agent_id: 'limited', model: 'mock-rate-limited', max_retries: 1 });
  const waits = await until(id, ({ status }) => status === 'retry');
  expect(waits).toMatchObject({ retries: 1, failure: { code: 'provider_429' } });
  expect(Date.parse(waits.retry_at ?? '') - Date.now()).toBeGreaterThan(30_000);
  const headers = { 'x-aos-run-id': id, 'x-aos-dry-run': '1' };
  const asked = { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }] };
  const early = expectStatus(200, await gateway.admin.post('/v1/chat/completions', asked, { headers }));
  // It has not ended: a call that names it waits, and may come again.
  expect(early).toMatchObject({ decision: { verdict: 'pause', code: 'run_paused' } });
  await gateway.rows('update managed_runs set not_before = null where run_id = $1', [id]);
  expect(await ended(id)).toMatchObject({ status: 'failed', termination_reason: 'RATE_LIMITED', retries: 1 });
  const again = await gateway.admin.post<Detail>(`/api/v1/runs/${id}/retry`, { reason: 'once more' });
  const retried = expectStatus(202, again);
  expect(retried).toMatchObject({ parent_run_id: id, status: 'queued' });
  expect(await detail(id)).toMatchObject({ status: 'failed', parent_run_id: null });
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${retried.id}/cancel`, { reason: 'enough' }));
  expect(await ended(retried.id)).toMatchObject({ status: 'cancelled' });
});

test('what came of a run is for the key that asked for it; others learn that there is something', async () => {
  const run = await ran({ goal: 'Say hello', agent_id: 'planner' });
  const { secret } = await makeKey(gateway.admin, { role: 'viewer' });
  const seen = await detail(run.id, api(gateway.server, secret));
  expect([run.result_withheld, typeof run.result]).toEqual([false, 'string']);
  expect(seen).toMatchObject({ result: null, result_withheld: true });
  expect(seen.plan_steps.every(({ output }) => output === null)).toBe(true);
});

test('a plan that was assumed is kept, and is the plan of the run that names it', async () => {
  const asked = { goal: 'List the orders and count them', agent_id: 'planner' };
  const before = await gateway.rows('select count(*) from runs');
  const simulated = expectStatus(
    200,
    await gateway.admin.post<{ plan_id: string; assumed: boolean; plan: { steps: { id: string }[] } }>(
      '/api/v1/runtime/simulate',
      asked,
    ),
  );
  expect(simulated.assumed).toBe(true);
  expect(await gateway.rows('select count(*) from runs')).toEqual(before);
  const run = await ran({ ...asked, plan_id: simulated.plan_id });
  expect(run.plan_steps.map(({ name }) => name)).toEqual(simulated.plan.steps.map(({ id }) => id));
  expect(run.status).toBe('succeeded');
});

test('a step that may be repeated is tried as often as its plan says, each time in the trace', async () => {
  const wrong = { id: 'wrong', skill: 'transform', params: { input: 'x', expression: 'abs(@)' }, retries: 1 };
  const { id } = await ask({ goal: 'twice', agent_id: 'twice', max_retries: 0, plan: { steps: [wrong] } });
  expect(await ended(id)).toMatchObject({ status: 'failed', plan_steps: [{ state: 'failed', attempt: 2 }] });
  const steps = await gateway.rows('select status from steps where run_id = $1', [id]);
  expect(steps.map(({ status }) => status)).toEqual(['failed', 'failed']);
});
