import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface Run {
  id: string;
  status: string;
  hold: string;
  termination_reason: string | null;
}

const ask = async (agent_id: string, steps: object[], more: object = {}) => {
  const body = { goal: 'held', agent_id, plan: { steps }, ...more };
  return expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', body)).id;
};
const get = async (id: string) => expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
const until = (id: string, wanted: (run: Run) => boolean) =>
  waitFor(
    async () => {
      const run = await get(id);
      return wanted(run) && run;
    },
    { interval_ms: 100, what: `the wanted state of ${id}` },
  );
const held = (id: string) => until(id, ({ hold }) => hold === 'paused');
const ended = (id: string) => until(id, ({ status }) => !/^(?:queued|running|retry)$/.test(status));
const two = ['a', 'b'].map((id, n) => ({
  ...{ id, skill: 'transform', params: { input: n, expression: '@' }, depends_on: n === 0 ? [] : ['a'] },
}));
const one_step = (pause: object = {}) => ({
  limit: { type: 'steps', max: 1, window: { per: 'run' } },
  action: 'pause',
  pause,
});
const question = async (run_id: string) => {
  const path = `/api/v1/approvals?run_id=${run_id}`;
  const { items } = expectStatus(200, await gateway.admin.get<{ items: { id: string; status: string }[] }>(path));
  return items;
};
const decide = async (run_id: string, verb: string, more: object = {}) => {
  const [open] = await question(run_id);
  expectStatus(200, await gateway.admin.post(`/api/v1/approvals/${open?.id}/${verb}`, { reason: 'seen', ...more }));
};

test('a run that a limit pauses is held, tried no more, and goes on when the limit is topped up', async () => {
  const policy = await limitAgent(gateway, 'held', one_step());
  const id = await ask('held', two);
  expect(await held(id)).toMatchObject({ status: 'running' });
  const claims = async () => {
    const [row] = await gateway.rows('select lease_epoch from managed_runs where run_id = $1', [id]);
    return Number(row?.lease_epoch);
  };
  const before = await claims();
  await waitFor(async () => (await claims()) > before, { what: 'another look at the run' });
  const by = { kind: 'policy', id: policy.id, name: policy.name };
  expect(await get(id)).toMatchObject({
    hold: 'paused',
    pause: { by, on_timeout: 'block', until: expect.any(String) },
  });
  expect(await question(id)).toMatchObject([{ status: 'pending' }]);
  await decide(id, 'approve', { top_up: 1 });
  expect(await ended(id)).toMatchObject({ status: 'succeeded', hold: 'none', pause: null });
  const steps = await gateway.rows('select status from steps where run_id = $1 order by id', [id]);
  expect(steps.map(({ status }) => status)).toEqual(['succeeded', 'blocked', 'succeeded']);
  const entries = await gateway.rows(
    "select event from audit_ledger where run_id = $1 and event in ('RUN_PAUSED', 'RUN_RESUMED') order by id",
    [id],
  );
  expect(entries.map(({ event }) => event)).toEqual(['RUN_PAUSED', 'RUN_RESUMED']);
});

test('a held run ends as time, or a person, decides', async () => {
  const limits = {
    late: one_step({ timeout_seconds: 1, on_timeout: 'block' }),
    lucky: one_step({ timeout_seconds: 1, on_timeout: 'continue' }),
    denied: { limit: { type: 'requests', max: 0, window: { per: 'day' } }, action: 'pause' },
  };
  for (const [agent, control] of Object.entries(limits)) await limitAgent(gateway, agent, control);
  const asks_model = [{ id: 'ask', skill: 'llm', params: { prompt: 'Hello.', max_tokens: 5 } }];
  const [late, lucky, denied] = await Promise.all([ask('late', two), ask('lucky', two), ask('denied', asks_model)]);
  expect(await held(denied)).toMatchObject({ status: 'running' });
  await decide(denied, 'deny');
  const ends = await Promise.all([ended(late), ended(lucky), ended(denied)]);
  expect(ends.map(({ status, termination_reason }) => [status, termination_reason])).toEqual([
    ['failed_policy', 'BUDGET_EXCEEDED'],
    ['succeeded', 'COMPLETED'],
    ['failed_policy', 'RATE_LIMITED'],
  ]);
});

test('a run that is killed ends the runs that were asked for in it, at any depth', async () => {
  const long = [{ id: 'wait', skill: 'wait', params: { seconds: 600 } }];
  const open = { goal: 'parent', agent_id: 'parent', mode: 'external' };
  const parent = expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', open)).id;
  const child = await ask('child', long, { parent_run_id: parent });
  const grandchild = await ask('child', long, { parent_run_id: child });
  const other = await ask('child', two);
  await until(grandchild, ({ status }) => status === 'running');
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${parent}/kill`, { reason: 'enough' }));
  for (const id of [parent, child, grandchild])
    expect(await get(id)).toMatchObject({ status: 'cancelled', termination_reason: 'USER_ABORT' });
  expect(await ended(other)).toMatchObject({ status: 'succeeded' });
  await gateway.untilSettled();
  const late = await gateway.admin.post('/api/v1/runs', { ...open, parent_run_id: parent });
  expect([late.status, late.text]).toEqual([409, expect.stringContaining('has ended')]);
  const unknown = await gateway.admin.post('/api/v1/runs', { ...open, parent_run_id: `run_${'0'.repeat(26)}` });
  expect(unknown.status).toBe(400);
});
