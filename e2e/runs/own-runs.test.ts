import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { hear } from '../parts/events.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
/** Two keys that may make runs, and read no more than their own. */
let own: Api & { secret: string };
let other: Api & { secret: string };
beforeAll(async () => {
  gateway = await startGateway();
  const service = async () => {
    const { secret } = await makeKey(gateway.admin, { role: 'service' });
    return { ...api(gateway.server, secret), secret };
  };
  [own, other] = [await service(), await service()];
});
afterAll(() => gateway?.stop());

const day = { per: 'day' };
const ask = async (body: object) => expectStatus(202, await own.post<{ id: string }>('/api/v1/runs', body)).id;

test('a key follows the run that it asked for, with its trace, steps and decisions; another has no such run', async () => {
  const id = await ask({ goal: 'List the orders and count them', agent_id: 'followed' });
  const types: string[] = [];
  for await (const { type } of hear({ url: own.url, admin_key: own.secret }, `/api/v1/runs/${id}/events`))
    types.push(type);
  expect(types).toEqual(expect.arrayContaining(['run.planned', 'step.started', 'step.ended', 'run.ended']));
  for (const part of ['', '/trace', '/steps', '/decisions']) {
    const path = `/api/v1/runs/${id}${part}`;
    expect([part, (await own.get(path)).status, (await other.get(path)).status]).toEqual([part, 200, 404]);
  }
  expect((await other.get(`/api/v1/runs/${id}/events`)).status).toBe(404);
});

test('a key reads why its own call was refused, and of a policy with minimal errors no more than its caller', async () => {
  const control = { limit: { type: 'requests', max: 0, window: day }, action: 'block' };
  await limitAgent(gateway, 'refused', control);
  const refused = await own.post('/v1/chat/completions', wires.chat.body({}), {
    headers: { 'x-aos-agent-id': 'refused' },
  });
  expect(refused.status).toBe(402);
  const path = `/api/v1/decisions/${refused.headers.get('x-aos-decision-id')}`;
  const decision = expectStatus(200, await own.get<{ contributions: object[] }>(path));
  expect(decision).toMatchObject({ verdict: 'block', contributions: [{ limit: 0, policy_name: 'for refused' }] });
  expect((await other.get(path)).status).toBe(404);

  const minimal = { name: 'Secret cap of 137', error_detail: 'minimal' };
  await limitAgent(
    gateway,
    'kept-quiet',
    { limit: { type: 'tokens_output', max: 137, window: day }, action: 'block' },
    minimal,
  );
  const steps = [{ id: 'a', skill: 'llm', params: { prompt: 'Hello.', max_tokens: 138 } }];
  const id = await ask({ goal: 'Say much', agent_id: 'kept-quiet', plan: { steps } });
  let told = '';
  for await (const { data } of hear({ url: own.url, admin_key: own.secret }, `/api/v1/runs/${id}/events`))
    told += JSON.stringify(data);
  for (const part of ['', '/trace', '/steps', '/decisions']) told += (await own.get(`/api/v1/runs/${id}${part}`)).text;
  expect(told).toContain('token_limit_exceeded');
  expect(told).not.toMatch(/\b137\b|Secret/);
});

test('only the key that opened a run, or one that may read it, says how it ended', async () => {
  const id = await ask({ goal: 'Work elsewhere', agent_id: 'external', mode: 'external' });
  const finish = (by: Api) => by.post(`/api/v1/runs/${id}/finish`, { outcome: 'succeeded' });
  expect((await finish(other)).status).toBe(404);
  expectStatus(200, await finish(own));
});
