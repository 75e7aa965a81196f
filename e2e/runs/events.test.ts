import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, makePolicy } from '../parts/client.ts';
import { type Heard, hear, hearUntil } from '../parts/events.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let gateway: Gateway;
/** Another replica on the same database, that carries out nothing. */
let replica: ServerProcess;
beforeAll(async () => {
  gateway = await startGateway();
  replica = await startServer({ database_url: gateway.database.url, data_dir: gateway.server.data_dir, roles: 'api' });
});
afterAll(async () => {
  await replica?.stop();
  await gateway?.stop();
});

const ask = async (body: object) =>
  expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', body)).id;
const types = (heard: Heard[]) => heard.map(({ type }) => type);

test('a run tells on every replica what happens in it, from its beginning to its end, and again to whoever asks later', async () => {
  const id = await ask({ goal: 'List the open tickets and count the invoices', agent_id: 'teller' });
  const path = `/api/v1/runs/${id}/events`;
  const live = await hearUntil(hear(replica, path), ({ type }) => type === 'run.ended');
  expect(types(live)).toEqual(expect.arrayContaining(['run.planned', 'step.started', 'step.ended', 'run.ended']));
  const later: Heard[] = [];
  for await (const event of hear(gateway.server, path)) later.push(event);
  const stepsIn = (heard: Heard[]) =>
    new Set(heard.filter(({ type }) => type === 'step.ended').map(({ data }) => data.step_id));
  expect(stepsIn(later)).toEqual(stepsIn(live));
  expect(stepsIn(later).size).toBe(4);
  expect(later.filter(({ type }) => type === 'run.planned')).toHaveLength(1);
  expect(later.at(-1)).toMatchObject({ type: 'run.ended', data: { status: 'succeeded', run_id: id, calls: 4 } });
});

test('who comes back gets what came after the last event, on any replica', async () => {
  const steps = [1, 2, 3].map((n) => ({
    id: `wait_${n}`,
    skill: 'wait',
    params: { seconds: 0.7 },
    depends_on: n === 1 ? [] : [`wait_${n - 1}`],
  }));
  const id = await ask({ goal: 'wait', agent_id: 'waiter', plan: { steps } });
  const path = `/api/v1/runs/${id}/events`;
  let is_first_over = false;
  const first = await hearUntil(hear(gateway.server, path), ({ type, id: position, data }) => {
    is_first_over ||= type === 'step.ended' && data.name === 'wait_1';
    return is_first_over && position !== null;
  });
  const after = first.at(-1)?.id ?? '';
  const rest: Heard[] = [];
  for await (const event of hear(replica, path, { after })) rest.push(event);
  const names = (heard: Heard[], of: string) => heard.filter(({ type }) => type === of).map(({ data }) => data.name);
  expect(names(rest, 'step.ended')).toEqual(['wait_2', 'wait_3']);
  const begun = [...names(first, 'step.started'), ...names(rest, 'step.started')];
  expect(begun).toEqual(['wait_1', 'wait_2', 'wait_3']);
  expect(names(rest, 'run.planned')).toEqual([]);
  expect(rest.at(-1)).toMatchObject({ type: 'run.ended', data: { status: 'succeeded' } });
});

test('a position that nobody gave out is refused, and a heartbeat comes at once', async () => {
  const id = await ask({ goal: 'Say hello', agent_id: 'teller' });
  const refused = await gateway.admin.get(`/api/v1/runs/${id}/events`, { headers: { 'last-event-id': "1'; drop" } });
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_header' } } });
  const stop = new AbortController();
  const [beat] = await hearUntil(
    hear(gateway.server, '/api/v1/events', { heartbeats: true, signal: stop.signal }),
    ({ type }) => type === 'heartbeat',
  );
  expect(beat?.data.type).toBe('heartbeat');
  stop.abort();
});

test('the tenant is told of runs, refusals, incidents and policies, whoever caused them', async () => {
  const stop = new AbortController();
  const heard: Heard[] = [];
  const listening = (async () => {
    for await (const event of hear(replica, '/api/v1/events', { signal: stop.signal, heartbeats: true }))
      heard.push(event);
  })().catch(() => undefined);
  const until = (wanted: (event: Heard) => boolean) => expect.poll(() => heard.some(wanted)).toBe(true);
  await until(({ type }) => type === 'heartbeat');
  const policy = await makePolicy(gateway.admin, {
    name: 'nothing for the guarded',
    target: { kind: 'agent', ids: ['guarded'] },
    controls: [{ limit: { type: 'requests', max: 0, window: { per: 'day' } }, action: 'block' }],
  });
  const id = await ask({ goal: 'Say hello', agent_id: 'guarded' });
  await until(({ type, data }) => type === 'policy.changed' && data.id === policy.id);
  await until(({ type, data }) => type === 'run.ended' && data.id === id && data.status === 'failed_policy');
  await until(({ type, data }) => type === 'decision' && data.run_id === id && data.verdict === 'block');
  await until(({ type, data }) => type === 'incident.opened' && data.run_id === id);
  await makePolicy(gateway.admin, {
    name: 'two for the warned',
    target: { kind: 'agent', ids: ['warned'] },
    controls: [
      { limit: { type: 'requests', max: 2, window: { per: 'day' } }, action: 'block', alerts: { tiers: [50] } },
    ],
  });
  await ask({ goal: 'Say hello', agent_id: 'warned' });
  await until(({ type, data }) => type === 'alert' && data.event === 'LIMIT_TIER_REACHED');
  stop.abort();
  await listening;
});
