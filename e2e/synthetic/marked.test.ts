import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

/** The only kind of data that is left out of lists and sums unless it is asked for. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const marked_tables = ['runs', 'steps', 'decisions', 'violations', 'incidents', 'llm_run_records'];

async function callIn(project: string): Promise<string> {
  const { secret } = await makeKey(gateway.admin, { project_id: project, role: 'service' });
  const body = { model: 'mock-small', max_tokens: 20, messages: [{ role: 'user', content: 'hi' }] };
  const answer = await api(gateway.server, secret).post('/v1/chat/completions', body, {
    headers: { 'x-aos-agent-id': 'marked' },
  });
  return answer.headers.get('x-aos-run-id') ?? '';
}

test('everything that happens in a synthetic project is marked, in every domain, and stands in no list by default', async () => {
  const made = await gateway.admin.post<{ id: string }>('/api/v1/projects', {
    slug: 'rehearsal',
    synthetic_scenario_id: 'rehearsal-1',
  });
  const project = expectStatus(201, made);
  const limit = { type: 'requests', max: 1, window: { per: 'day' } };
  await makePolicy(gateway.admin, {
    name: 'One call',
    target: { kind: 'project', ids: ['rehearsal'] },
    controls: [{ limit, action: 'block' }],
  });
  const admitted = await callIn(project.id);
  const refused = await callIn(project.id);
  await gateway.untilSettled();
  for (const table of marked_tables) {
    const rows = await gateway.rows(`select is_synthetic, count(*)::int as n from ${table} group by 1`);
    expect([table, rows]).toMatchObject([table, [{ is_synthetic: true }]]);
  }
  const [record] = await gateway.rows('select synthetic_scenario_id from llm_run_records');
  expect(record?.synthetic_scenario_id).toBe('rehearsal-1');
  const listed = async (query: string) =>
    expectStatus(200, await gateway.admin.get<{ items: { id: string }[] }>(`/api/v1/runs?${query}`)).items.map(
      (run) => run.id,
    );
  expect(await listed('')).toEqual([]);
  expect(await listed('is_synthetic=true')).toEqual([refused, admitted]);
});

test('a call in another project is not marked', async () => {
  const { id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/projects', { slug: 'plain' }));
  const run_id = await callIn(id);
  await gateway.untilSettled();
  const [run] = await gateway.rows('select is_synthetic, synthetic_scenario_id from runs where id = $1', [run_id]);
  expect(run).toEqual({ is_synthetic: false, synthetic_scenario_id: null });
});

test('the mark of a project never changes', async () => {
  const changes = ["set synthetic_scenario_id = 'later' where slug = 'plain'", 'set synthetic_scenario_id = null'];
  for (const change of changes)
    await expect(gateway.rows(`update projects ${change}`)).rejects.toThrow('may not change');
  const wanted = { synthetic_scenario_id: 'later' };
  expect((await gateway.admin.put('/api/v1/projects/plain', wanted)).status).toBe(400);
});
