import { setTimeout as sleep } from 'node:timers/promises';
import type { StepsTold } from '@aos/core/activity/reported-step.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { type Heard, hear } from '../parts/events.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';
import { startServer } from '../parts/processes.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const open = async (agent_id: string, client: Api = gateway.admin) =>
  expectStatus(202, await client.post<{ id: string }>('/api/v1/runs', { goal: 'mine', agent_id, mode: 'external' })).id;
const at = (ms = 0) => new Date(Date.now() + ms).toISOString();
const step = (kind: string, name: string, more: object = {}) => ({
  kind,
  name,
  started_at: at(-20),
  ended_at: at(),
  ...more,
});
const tell = (run_id: string, steps: object[], client: Api = gateway.admin) =>
  client.post<StepsTold>(`/api/v1/runs/${run_id}/steps`, { steps });
const told = async (run_id: string, steps: object[]) => expectStatus(200, await tell(run_id, steps));
const balanceOf = async (run_id: string) => {
  const [row] = await gateway.rows('select posted::int, pending::int from balances where subject = $1', [run_id]);
  return row;
};
/** Before it takes a row of the run in this table, the database does this, for as long as `during` lasts. */
const meeting = async (
  does: string,
  table: 'holds' | 'step_rows' | 'stops',
  run_id: string,
  during: () => Promise<unknown>,
) => {
  const of = table === 'stops' ? 'subject_id' : 'run_id';
  await gateway.change(`create function meet_row() returns trigger language plpgsql as
    $$ begin if new.${of} = '${run_id}' then ${does}; end if; return new; end $$`);
  await gateway.change(`create trigger meet before insert on ${table} for each row execute function meet_row()`);
  await during().finally(() => gateway.change('drop function meet_row cascade'));
};
const refused = "raise exception 'refused'";
const finish = async (run_id: string) =>
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${run_id}/finish`, { outcome: 'succeeded' }));

test('what an agent reports stands in the steps, the trace and the events of its run, by hashes and not by contents', async () => {
  const id = await open('reporter');
  const outer = makeId('step');
  const { items, stop } = await told(id, [
    step('tool', 'search', { id: outer, params: { b: 1, a: 'secret words' }, result: ['x'] }),
    step('retrieval', 'handbook', { parent_step_id: outer, status: 'failed', error: { code: 'gone', message: 'no' } }),
  ]);
  expect(stop).toBe(false);
  expect(items.map(({ decision }) => decision)).toEqual(['continue', 'continue']);
  const { items: steps } = expectStatus(200, await gateway.admin.get<{ items: object[] }>(`/api/v1/runs/${id}/steps`));
  expect(steps).toMatchObject([
    { id: outer, kind: 'tool', skill: 'search', status: 'succeeded', parent_step_id: null },
    { kind: 'retrieval', skill: 'handbook', status: 'failed', parent_step_id: outer, error: { code: 'gone' } },
  ]);
  expect(JSON.stringify(steps)).not.toContain('secret words');
  const [row] = await gateway.rows('select params from steps where id = $1', [outer]);
  expect(row?.params).toMatchObject({ reported: true, params_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  await finish(id);
  const heard: Heard[] = [];
  for await (const event of hear(gateway.server, `/api/v1/runs/${id}/events`)) heard.push(event);
  const ended = heard.filter(({ type }) => type === 'step.ended').map(({ data }) => data.name);
  expect(ended.sort()).toEqual(['handbook', 'search']);
  const trace = expectStatus(200, await gateway.admin.get(`/api/v1/runs/${id}/trace`));
  expect(trace).toMatchObject({ summary: { steps_total: 2, steps_succeeded: 1, steps_failed: 1 } });
});

test('a step beyond a limit is written, with its violation and incident, and its agent is told to stop', async () => {
  const policy = await limitAgent(gateway, 'busy', {
    limit: { type: 'tool_calls', max: 2, window: { per: 'run' } },
    action: 'block',
  });
  const id = await open('busy');
  const steps = [
    step('tool', 'counted elsewhere', { through_gateway: true }),
    ...['one', 'two', 'three'].map((name) => step('tool', name)),
    step('transform', 'no tool'),
  ];
  const { items, decision, stop } = await told(id, steps);
  expect(items.map((of) => of.decision)).toEqual(['continue', 'continue', 'continue', 'block', 'continue']);
  expect([decision, stop]).toEqual(['block', true]);
  expect(items[3]).toMatchObject({ code: 'quota_exceeded', policy_id: policy.id });
  expect(await gateway.rows('select from steps where run_id = $1', [id])).toHaveLength(5);
  expect(await balanceOf(id)).toEqual({ posted: 2, pending: 0 });
  expect(await gateway.rows('select step_id from violations where run_id = $1', [id])).toEqual([
    { step_id: items[3]?.id },
  ]);
  expect(await gateway.rows('select category from incidents where source_run_id = $1', [id])).toEqual([
    { category: 'BUDGET_EXCEEDED' },
  ]);
  const explained = expectStatus(200, await gateway.admin.get(`/api/v1/decisions/${items[3]?.decision_id}`));
  expect(explained).toMatchObject({ verdict: 'block' });
});

test('a step that is told twice counts once, and steps of all kinds count as steps', async () => {
  await limitAgent(gateway, 'counted', {
    limit: { type: 'steps', max: 3, window: { per: 'run' } },
    action: 'block',
  });
  const id = await open('counted');
  const known = step('query', 'orders', { id: makeId('step') });
  const first = await told(id, [known]);
  expect(await told(id, [known])).toEqual(first);
  const next = await told(id, [
    step('llm', 'own model'),
    step('llm', 'gateway model', { through_gateway: true }),
    known,
  ]);
  expect(next.stop).toBe(false);
  expect((await told(id, [step('transform', 'third')])).stop).toBe(false);
  expect((await told(id, [step('transform', 'fourth')])).items[0]).toMatchObject({ decision: 'block' });
});

test('reports of one step at the same time, to two servers, count it once, and all of them are answered alike', async () => {
  await limitAgent(gateway, 'at-once', { limit: { type: 'steps', max: 9, window: { per: 'run' } }, action: 'block' });
  const id = await open('at-once');
  const [known, other] = [makeId('step'), makeId('step')].map((of) => step('tool', 'once', { id: of }));
  const second = await startServer({ database_url: gateway.database.url });
  const clients = [gateway.admin, api(second)];
  const bodies = [[known], [known], [other, known], [other, known]] as object[][];
  const answers: StepsTold[] = [];
  const report = async (n: number) =>
    answers.push(expectStatus(200, await tell(id, bodies[n % 4] ?? [], clients[n % 2])));
  const all = () => Promise.all(Array.from({ length: 16 }, (_, n) => report(n)));
  await meeting('perform pg_sleep(0.3)', 'holds', id, all).finally(() => second.stop());
  expect(new Set(answers.map(({ items }) => items.at(-1)?.decision_id)).size).toBe(1);
  expect(await gateway.rows('select from steps where run_id = $1', [id])).toHaveLength(2);
  expect(await balanceOf(id)).toEqual({ posted: 2, pending: 0 });
  const twice = await tell(id, [{ ...known }, { ...known }]);
  expect([twice.status, twice.text]).toEqual([400, expect.stringContaining('stands twice in this report')]);
});

test('steps that cannot be written hold nothing, and count when they are told again', async () => {
  await limitAgent(gateway, 'unlucky', { limit: { type: 'steps', max: 9, window: { per: 'run' } }, action: 'block' });
  const id = await open('unlucky');
  const steps = [step('tool', 'one', { id: makeId('step') }), step('tool', 'two', { id: makeId('step') })];
  await meeting(refused, 'step_rows', id, async () => expect((await tell(id, steps)).status).toBe(500));
  expect(await gateway.rows('select from holds where run_id = $1', [id])).toEqual([]);
  expect(await balanceOf(id)).toEqual({ posted: 0, pending: 0 });
  expect((await told(id, steps)).items).toMatchObject([{ decision: 'continue' }, { decision: 'continue' }]);
  expect(await balanceOf(id)).toEqual({ posted: 2, pending: 0 });
});

test('a run that could not be ended is ended when the step that kills it is told again', async () => {
  await limitAgent(gateway, 'survivor', { limit: { type: 'steps', max: 0, window: { per: 'run' } }, action: 'kill' });
  const id = await open('survivor');
  const steps = [step('tool', 'one', { id: makeId('step') })];
  await meeting(refused, 'stops', id, async () => {
    expect(await told(id, steps)).toMatchObject({ decision: 'kill', stop: true });
    expect(await gateway.rows('select status from runs where id = $1', [id])).toEqual([{ status: 'running' }]);
  });
  expect(await told(id, steps)).toMatchObject({ decision: 'kill', stop: true });
  expect(await gateway.rows('select status from runs where id = $1', [id])).toEqual([{ status: 'failed_policy' }]);
});

test('time for which a run is paused is no run time of what it reports', async () => {
  await limitAgent(gateway, 'rested', { limit: { type: 'duration', max: 3 }, action: 'block' });
  const id = await open('rested');
  const hold = async (how: string) =>
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/${how}`, { reason: 'to rest' }));
  await hold('pause');
  await sleep(3_200);
  await hold('resume');
  expect(await told(id, [step('tool', 'after')])).toMatchObject({ decision: 'continue', stop: false });
});

test('a control that kills ends the run, and a run that is paused or contained tells its agent to stop', async () => {
  await limitAgent(gateway, 'doomed', {
    limit: { type: 'steps', max: 0, window: { per: 'run' } },
    action: 'kill',
  });
  const doomed = await open('doomed');
  expect(await told(doomed, [step('tool', 'one')])).toMatchObject({ decision: 'kill', stop: true });
  expect(await gateway.rows('select status from runs where id = $1', [doomed])).toEqual([{ status: 'failed_policy' }]);
  expect((await tell(doomed, [step('tool', 'two')])).status).toBe(409);
  const still = await open('still');
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${still}/pause`, { reason: 'to look' }));
  expect(await told(still, [step('tool', 'one')])).toMatchObject({ decision: 'pause', stop: true });
});

test('only the agent whose run it is reports, and only while it runs', async () => {
  const { secret } = await makeKey(gateway.admin, { role: 'service' });
  const id = await open('owner');
  expect((await tell(id, [step('tool', 'x')], api(gateway.server, secret))).status).toBe(404);
  expect((await tell(makeId('run'), [step('tool', 'x')])).status).toBe(404);
  const late = await tell(id, [step('tool', 'x', { started_at: at(900_000), ended_at: at(900_000) })]);
  expect([late.status, late.text]).toEqual([400, expect.stringContaining('in the future')]);
  await finish(id);
  expect((await tell(id, [step('tool', 'x')])).status).toBe(409);
  const plan = { steps: [{ id: 'a', skill: 'wait', params: { seconds: 0 } }] };
  const managed = expectStatus(
    202,
    await gateway.admin.post<{ id: string }>('/api/v1/runs', { goal: 'x', agent_id: 'owner', plan }),
  );
  expect((await tell(managed.id, [step('tool', 'x')])).status).toBe(409);
});
