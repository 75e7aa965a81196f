import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makePolicy } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const chat = (agent: string, model?: string) =>
  api(gateway.server).post(
    wires.chat.path,
    { ...wires.chat.body({ output_tokens: 3 }), ...(model && { model }) },
    {
      headers: { 'x-aos-agent-id': agent, 'x-aos-session-id': agent },
    },
  );

const admin = () => api(gateway.server);
const incidentsOf = async (agent: string) => {
  const { items } = expectStatus(200, await admin().get(`/api/v1/incidents?agent=${agent}`)) as never as {
    items: { id: string; severity: string; status: string; occurrences: number; title: string }[];
  };
  return items;
};

test('an incident becomes as grave as the gravest that happened, and comes back for it', async () => {
  const agent = 'graver';
  await makePolicy(admin(), {
    name: 'One call a day, and no o1',
    target: { kind: 'agent', ids: [agent] },
    controls: [
      { limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' },
      { rule: { type: 'model_access', params: { deny: ['o1*'] } }, action: 'kill' },
    ],
  });
  expect((await chat(agent)).status).toBe(200);
  expect((await chat(agent)).status).toBe(402);
  const [light] = await incidentsOf(agent);
  expect(light).toMatchObject({ severity: 'MEDIUM', status: 'open', occurrences: 1 });
  const path = `/api/v1/incidents/${light?.id}`;
  expectStatus(200, await admin().post(`${path}/acknowledge`, { hours: 4, reason: 'known' }));
  expect((await chat(agent, 'o1-mini')).status).toBe(403);
  const after = await incidentsOf(agent);
  expect(after).toMatchObject([
    {
      id: light?.id,
      severity: 'CRITICAL',
      status: 'open',
      occurrences: 2,
      title: expect.stringContaining('killed the run'),
    },
  ]);
  const ledger = expectStatus(200, await admin().get(`/api/v1/logs/audit?object=${light?.id}`)) as never as {
    items: { event: string; before: unknown; after: unknown }[];
  };
  const raised = ledger.items.filter(({ event }) => event === 'INCIDENT_RAISED');
  expect(raised).toMatchObject([
    { before: { severity: 'MEDIUM', status: 'acknowledged' }, after: { severity: 'CRITICAL' } },
  ]);
  expect(ledger.items.filter(({ event }) => event === 'INCIDENT_CREATED')).toHaveLength(1);
  const { items } = expectStatus(200, await admin().get(`${path}/timeline`)) as never as { items: { text: string }[] };
  expect(items.map(({ text }) => text)).toContainEqual(expect.stringContaining('Became CRITICAL'));
});

test('a run stands under the tightest policy that applied, and under a rule where nothing limits', async () => {
  const wide = { limit: { type: 'requests', max: 1_000_000, window: { per: 'day' } }, action: 'block' } as const;
  const every = await makePolicy(admin(), { name: 'Everybody', target: { kind: 'all_runs' }, controls: [wide] });
  const own = await limitAgent(gateway, 'tight', {
    limit: { type: 'requests', max: 3, window: { per: 'day' } },
    action: 'block',
  });
  expectStatus(200, await chat('tight'));
  expectStatus(200, await chat('loose'));
  const contexts = async () => {
    const page = expectStatus(200, await admin().get('/api/v1/activity/live?limit=50')) as never as {
      items: { agent_id: string; agent: string; policy_context: string; session_id: string }[];
    };
    return page.items;
  };
  const seen = JSON.stringify(await contexts());
  expect(seen).toContain(`"policy_context":"${own.id}"`);
  expect(seen).toContain(`"policy_context":"${every.id}"`);
  expectStatus(200, await admin().post(`/api/v1/policies/${every.id}/disable`, { reason: 'not needed any more' }));
  const rule = await limitAgent(gateway, 'ruled', {
    rule: { type: 'model_access', params: { deny: ['o1*'] } },
    action: 'block',
  });
  expectStatus(200, await chat('ruled'));
  expect(JSON.stringify(await contexts())).toContain(`"policy_context":"${rule.id}"`);
});

test('a provider that refuses the account of the installation opens an incident, a mistake of the caller none', async () => {
  const failing = (agent: string, error: number) =>
    api(gateway.server).post(wires.chat.path, wires.chat.body({ error }), { headers: { 'x-aos-agent-id': agent } });
  expect((await failing('mistaken', 400)).status).toBe(400);
  expect((await failing('locked-out', 401)).status).toBe(401);
  expect(await incidentsOf('mistaken')).toEqual([]);
  expect(await incidentsOf('locked-out')).toMatchObject([
    { severity: 'HIGH', title: 'A call failed: the provider answered 401' },
  ]);
});
