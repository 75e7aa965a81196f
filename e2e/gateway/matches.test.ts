import { afterAll, beforeAll, expect, it } from 'vitest';
import { api, expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, say, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 240_000);
afterAll(() => gateway?.stop(), 60_000);

const callAs = async (agent: string, model = 'gpt-4o-mini', tags = 'team=ops') => {
  const headers = { 'x-aos-agent-id': agent, 'x-aos-tags': tags };
  return gateway.admin.post('/v1/chat/completions', { model, messages: say() }, { headers });
};

const cap = { limit: { type: 'requests', max: 100, window: { per: 'day' } }, action: 'block' };

interface Evaluated {
  items: { policy_id: string; evaluated: number | null; evaluated_is_exact: boolean }[];
}

it('says of policies how many calls they evaluated, and what kept the others out', { timeout: 120_000 }, async () => {
  const { admin, server } = gateway;
  expectStatus(200, await callAs('before'));
  const make = (name: string, target: object, more = {}) =>
    makePolicy(admin, { name, target, controls: [cap], ...more });
  const of_agent = await make('of an agent', { kind: 'agent', ids: ['seen'] });
  const nobody = await make('of nobody', {
    ...{ kind: 'agent', ids: ['seen'], except_ids: ['default'] },
  });
  const narrowed = await make('narrowed', {
    ...{ kind: 'agent', ids: ['seen', 'other'] },
    when: { model: ['gpt-4o'], tag: ['team=web'] },
  });
  const tools = await make('tools', { kind: 'all_runs', when: { tool: ['search'] } });
  const draft = expectStatus(
    201,
    await admin.post<{ id: string }>('/api/v1/policies', {
      name: 'a draft',
      target: { kind: 'all_runs' },
      controls: [cap],
    }),
  );
  for (const [agent, model, tags] of [
    ['seen'],
    ['seen', 'gpt-4o'],
    ['seen', 'gpt-4o', 'team=web'],
    ['other', 'gpt-4o', 'team=web'],
    ['third'],
  ] as const)
    expectStatus(200, await callAs(agent, model, tags));
  await gateway.untilSettled();

  const ids = [of_agent, nobody, narrowed, tools, draft].map(({ id }) => `policy_id=${id}`).join('&');
  const { items } = expectStatus(200, await admin.get<Evaluated>(`/api/v1/policies/evaluated?${ids}`));
  expect(items.map(({ policy_id, evaluated }) => [policy_id, evaluated])).toEqual([
    [of_agent.id, 3],
    [nobody.id, 0],
    [narrowed.id, 2],
    [tools.id, null],
  ]);
  const all = expectStatus(200, await admin.get<Evaluated>('/api/v1/policies/evaluated'));
  expect(all.items).toHaveLength(4);

  const matchesOf = async ({ id }: { id: string }) =>
    expectStatus(200, await admin.get<object>(`/api/v1/policies/${id}/matches`));
  expect(await matchesOf(of_agent)).toMatchObject({
    ...{ version: 2, calls: 5, calls_is_exact: true, matched: 3 },
    kept_out: [{ by: 'target', calls: 2, words: 'not of agent seen' }],
  });
  expect(await matchesOf(nobody)).toMatchObject({
    ...{ calls: 5, matched: 0 },
    kept_out: [
      { by: 'excepted', calls: 3, words: 'excepted by default' },
      { by: 'target', calls: 2 },
    ],
  });
  expect(await matchesOf(narrowed)).toMatchObject({
    ...{ calls: 5, matched: 2 },
    kept_out: [
      { by: 'target', calls: 1, words: 'not of agents seen and other' },
      { by: 'model', calls: 1, words: 'to another model than gpt-4o' },
      { by: 'tag', calls: 1, words: 'not tagged team=web' },
    ],
  });
  expect(await matchesOf(tools)).toMatchObject({ calls: 5, matched: null });
  expect(await matchesOf(draft)).toMatchObject({ version: null, since: null, calls: 0, kept_out: [] });

  const raised = {
    name: 'of an agent',
    target: { kind: 'agent', ids: ['seen'] },
    controls: [cap],
    reason: 'a new name',
  };
  expectStatus(200, await admin.put(`/api/v1/policies/${of_agent.id}`, { ...raised, name: 'renamed' }));
  expect(await matchesOf(of_agent)).toMatchObject({ version: 2, calls: 5, matched: 3 });
  const wider = { ...raised, target: { kind: 'agent', ids: ['seen', 'other'] } };
  expectStatus(200, await admin.put(`/api/v1/policies/${of_agent.id}`, wider));
  expect(await matchesOf(of_agent)).toMatchObject({ version: 4, calls: 0, matched: 0 });

  const project = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug: 'apart' }));
  const { secret } = await makeKey(admin, { role: 'viewer', project_id: project.id });
  const elsewhere = await api(server, secret).get<object>(`/api/v1/policies/${narrowed.id}/matches`);
  expect(expectStatus(200, elsewhere)).toMatchObject({ calls: 0, matched: 0 });
  const named = async (client: typeof admin) =>
    expectStatus(200, await client.get<{ updated_by_name: string | null }>(`/api/v1/policies/${narrowed.id}`));
  expect([(await named(admin)).updated_by_name, (await named(api(server, secret))).updated_by_name]).toEqual([
    'admin',
    null,
  ]);
});
