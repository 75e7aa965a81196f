import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Installation, openInstallation } from '../../tools/campaigns/parts/installation.ts';
import { expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import type { ServerProcess } from '../parts/processes.ts';

/** One process answers, others work on runs. */
let at: Installation;
const admin = () => at.admin;
const workers: { server: ServerProcess; instance_id: string }[] = [];
const startWorker = async () => {
  const server = await at.startOne({ AOS_ROLES: 'worker' });
  const [newest] = await at.sql<{ id: string }>('select id from instances order by started_at desc limit 1');
  workers.push({ server, instance_id: String(newest?.id) });
};
beforeAll(async () => {
  at = await openInstallation({ database: 'postgres', processes: 1, env: { AOS_ROLES: 'api,gateway' } });
  await startWorker();
});
afterAll(() => at?.stop());

interface Run {
  id: string;
  status: string;
  hold: string;
  termination_reason: string | null;
}

const limit = async (agent: string, max: number, action: 'block' | 'pause', counts = 'runs') => {
  const control = { limit: { type: 'concurrency', max, counts }, action };
  const { controls } = (await makePolicy(admin(), {
    ...{ name: `runs of ${agent}`, target: { kind: 'agent', ids: [agent] }, controls: [control] },
  })) as unknown as { controls: { id: string }[] };
  return String(controls[0]?.id);
};
const used = async (control_id: string) =>
  expectStatus(
    200,
    await admin().get<{ balances: { items: { pending: number; unit: string }[] } }>(
      `/api/v1/limits/${control_id}/state`,
    ),
  );
const waits = (seconds: number) => [{ id: 'wait', skill: 'wait', params: { seconds } }];
const ask = async (agent_id: string, steps: object[]) =>
  expectStatus(202, await admin().post<Run>('/api/v1/runs', { goal: 'one of many', agent_id, plan: { steps } })).id;
const get = async (id: string) => expectStatus(200, await admin().get<Run>(`/api/v1/runs/${id}`));
const until = (id: string, wanted: (run: Run) => boolean, timeout_ms = 30_000) =>
  waitFor(
    async () => {
      const run = await get(id);
      return wanted(run) && run;
    },
    { timeout_ms, interval_ms: 50, what: `the wanted state of ${id}` },
  );
const ended = (id: string, timeout_ms?: number) =>
  until(id, ({ status }) => !/^(?:queued|running|retry)$/.test(status), timeout_ms);
const pendingOf = async (control_id: string) => {
  const rows = await at.sql<{ pending: string }>('select pending from balances where control_id = $1', [control_id]);
  return rows.map(({ pending }) => Number(pending));
};
const inside = (id: string) =>
  waitFor(async () => (await at.sql('select from run_places where run_id = $1', [id])).length > 0, {
    what: `the place of ${id}`,
  });

// Each of these has an agent of its own and mostly waits: they do so together. The last one kills their worker.
test.concurrent('a run beyond the limit is refused as every other call, and a place is free again when its run was killed', async () => {
  const control_id = await limit('strict', 1, 'block');
  const first = await ask('strict', waits(600));
  await inside(first);
  expect(await used(control_id)).toMatchObject({ unit: 'runs', title: 'runs in flight' });
  const second = await ask('strict', waits(0));
  expect(await ended(second)).toMatchObject({ status: 'failed_policy', termination_reason: 'RATE_LIMITED' });
  const [refused] = await at.sql<{ code: string; reason: string }>(
    `select code, contributions -> 0 ->> 'reason' as reason from decisions where run_id = $1`,
    [second],
  );
  expect(refused).toMatchObject({ code: 'rate_limit_exceeded', reason: expect.stringContaining('runs') });
  expect(await pendingOf(control_id)).toEqual([1]);
  expectStatus(200, await admin().post(`/api/v1/runs/${first}/kill`, { reason: 'enough' }));
  expect(await pendingOf(control_id)).toEqual([0]);
  const third = await ask('strict', waits(0));
  expect(await ended(third)).toMatchObject({ status: 'succeeded' });
  expect(await pendingOf(control_id)).toEqual([0]);
});

test.concurrent('a run beyond a limit that pauses is held, and goes on when another has ended', async () => {
  const control_id = await limit('patient', 1, 'pause');
  const first = await ask('patient', waits(8));
  await inside(first);
  const second = await ask('patient', waits(0));
  await until(second, ({ hold }) => hold === 'paused');
  expect(await pendingOf(control_id)).toEqual([1]);
  expect(await ended(first)).toMatchObject({ status: 'succeeded' });
  expect(await ended(second)).toMatchObject({ status: 'succeeded', hold: 'none' });
  const withdrawn = () => at.sql("select from approvals where control_id = $1 and status = 'withdrawn'", [control_id]);
  await waitFor(async () => (await withdrawn()).length === 1, { what: 'the end of the question' });
  expect(await pendingOf(control_id)).toEqual([0]);
});

test.concurrent('a run that nobody answers in time is refused, and says nothing of the next', async () => {
  const control = {
    ...{ limit: { type: 'concurrency', max: 1, counts: 'runs' }, action: 'pause' },
    pause: { timeout_seconds: 12 },
  };
  await makePolicy(admin(), { name: 'late', target: { kind: 'agent', ids: ['late'] }, controls: [control] });
  const first = await ask('late', waits(600));
  await inside(first);
  const second = await ask('late', waits(0));
  expect(await ended(second)).toMatchObject({ status: 'failed_policy' });
  const third = await ask('late', waits(0));
  await until(third, ({ hold }) => hold === 'paused');
  expectStatus(200, await admin().post(`/api/v1/runs/${first}/kill`, { reason: 'enough' }));
  expect(await ended(third)).toMatchObject({ status: 'succeeded' });
});

test.concurrent('of two runs that wait, each has its own question, though only one is open at a time', async () => {
  const control = {
    ...{ limit: { type: 'concurrency', max: 1, counts: 'runs' }, action: 'pause' },
    pause: { timeout_seconds: 3 },
  };
  const document = { name: 'queue', target: { kind: 'agent', ids: ['queue'] }, controls: [control] };
  await makePolicy(admin(), document);
  const first = await ask('queue', waits(600));
  await inside(first);
  for (const id of [await ask('queue', waits(0)), await ask('queue', waits(0))])
    expect(await ended(id)).toMatchObject({ status: 'failed_policy' });
  expectStatus(200, await admin().post(`/api/v1/runs/${first}/kill`, { reason: 'enough' }));
});

test.concurrent('runs in flight go on when their limit is lowered below them, and others are kept out', async () => {
  const control = { limit: { type: 'concurrency', max: 2, counts: 'runs' }, action: 'block' };
  const document = { name: 'lowered', target: { kind: 'agent', ids: ['lowered'] }, controls: [control] };
  const policy = await makePolicy(admin(), document);
  const [{ id: control_id } = { id: '' }] = policy.controls as { id: string }[];
  const steps = [...waits(15), { id: 'then', skill: 'wait', params: { seconds: 0 }, depends_on: ['wait'] }];
  const ids = [await ask('lowered', steps), await ask('lowered', steps)];
  for (const id of ids) await inside(id);
  const lowered = { ...control, id: control_id, limit: { ...control.limit, max: 1 } };
  const edited = { ...document, controls: [lowered], reason: 'fewer' };
  expectStatus(200, await admin().put(`/api/v1/policies/${policy.id}`, edited));
  expect(await ended(await ask('lowered', waits(0)))).toMatchObject({ status: 'failed_policy' });
  expect(await pendingOf(control_id)).toEqual([2]);
  for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'succeeded' });
});

test.concurrent('a run that is set aside to be tried again is not in flight meanwhile', async () => {
  const control_id = await limit('unlucky', 1, 'block');
  const params = { prompt: 'Answer.', model: 'mock-rate-limited', max_tokens: 5 };
  const asks = [{ id: 'ask', skill: 'llm', params }];
  const id = await ask('unlucky', asks);
  await until(id, ({ status }) => status === 'retry');
  expect(await pendingOf(control_id)).toEqual([0]);
  expect(await ended(await ask('unlucky', waits(0)))).toMatchObject({ status: 'succeeded' });
  expectStatus(200, await admin().post(`/api/v1/runs/${id}/cancel`, { reason: 'enough' }));
});

test.concurrent('a run of an external agent, and one that a call opens, take a place with the first call that is let in', async () => {
  const control_id = await limit('outside', 1, 'block');
  const open = async () =>
    expectStatus(202, await admin().post<Run>('/api/v1/runs', { goal: 'g', agent_id: 'outside', mode: 'external' })).id;
  const call = (headers: Record<string, string>) =>
    admin().post(
      '/v1/chat/completions',
      { model: 'mock-small', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 },
      { headers: { 'x-aos-agent-id': 'outside', ...headers } },
    );
  const [one, two] = [await open(), await open()];
  for (const _ of [1, 2]) expect((await call({ 'x-aos-run-id': one })).status).toBe(200);
  expect((await call({ 'x-aos-run-id': two })).status).toBe(429);
  expect((await call({})).status).toBe(429);
  expectStatus(200, await admin().post(`/api/v1/runs/${one}/finish`, { outcome: 'succeeded' }));
  expect(await pendingOf(control_id)).toEqual([0]);
  expect((await call({ 'x-aos-run-id': two })).status).toBe(200);
  expect(await pendingOf(control_id)).toEqual([1]);
});

test('with two workers of which one is killed, places go with their runs, are never more, and none is left', async () => {
  const control_id = await limit('many', 2, 'pause');
  await startWorker();
  const ids = await Promise.all(Array.from({ length: 7 }, () => ask('many', waits(4))));
  let most = 0;
  let is_over = false;
  // What a dead process held stays held for a while, when its run has long ended elsewhere.
  const watching = (async () => {
    while (!is_over) {
      const [now] = await at.sql<{ places: number; pending: number; under_way: number }>(
        `select (select count(*)::int from run_places where control_id = $1) as places,
            (select coalesce(sum(pending), 0)::int from balances where control_id = $1) as pending,
            (select count(distinct h.run_id)::int from holds h join runs r on r.id = h.run_id
              where h.run_id = any ($2) and r.status = 'running') as under_way`,
        [control_id, ids],
      );
      expect(now?.places).toBe(now?.pending);
      expect(now?.places).toBeLessThanOrEqual(2);
      most = Math.max(most, now?.under_way ?? 0);
      expect(most).toBeLessThanOrEqual(2);
      await pause(50);
    }
  })();
  try {
    const [caught] = await waitFor(
      async () => {
        const rows = await at.sql<{ run_id: string; lease_owner: string }>(
          // One that has just begun to wait: it is still at it when its worker is killed.
          `select m.run_id, m.lease_owner from managed_runs m join run_places p on p.run_id = m.run_id
            join planned_steps s on s.run_id = m.run_id and s.state = 'running'
            where p.control_id = $1 and m.lease_owner is not null and s.started_at > clock_timestamp() - interval '1 s'`,
          [control_id],
        );
        return rows.length > 0 && rows;
      },
      { interval_ms: 50, what: 'a run that has just begun to wait' },
    );
    await workers.find(({ instance_id }) => instance_id === caught?.lease_owner)?.server.kill9();
    await pause(2_000);
    // Its worker is dead: the place stays that of the run, and goes over to who takes the run.
    expect(await at.sql('select from run_places where run_id = $1', [caught?.run_id])).toHaveLength(1);
    for (const id of ids) expect(await ended(id, 150_000)).toMatchObject({ status: 'succeeded' });
  } finally {
    is_over = true;
    await watching;
  }
  expect(most).toBe(2);
  expect(await pendingOf(control_id)).toEqual([0]);
  expect(await at.sql('select from run_places where control_id = $1', [control_id])).toEqual([]);
});
