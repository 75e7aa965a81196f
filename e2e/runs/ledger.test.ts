import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface Run {
  id: string;
  status: string;
  project_id: string;
  parent_run_id: string | null;
}

const because = { reason: 'a test' };
const ask = async (by: Pick<Api, 'post'>, more: object = {}) =>
  expectStatus(202, await by.post<Run>('/api/v1/runs', { goal: 'wait', agent_id: 'waiter', ...more }));
const until = (id: string, wanted: (run: Run) => boolean) =>
  waitFor(
    async () => {
      const run = expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
      return wanted(run) && run;
    },
    { interval_ms: 50, what: `the wanted state of ${id}` },
  );
test('a run is tried again in its own project, whichever project the key of the owner belongs to', async () => {
  const made = await gateway.admin.post<{ id: string }>('/api/v1/projects', { slug: 'team-a', name: 'Team A' });
  const project = expectStatus(201, made);
  const { secret } = await makeKey(gateway.admin, { role: 'service', project_id: project.id });
  const { id } = await ask(api(gateway.server, secret), { goal: 'Say hello', agent_id: 'greeter' });
  await until(id, ({ status }) => status === 'succeeded');
  const again = expectStatus(202, await gateway.admin.post<Run>(`/api/v1/runs/${id}/retry`, because));
  expect(again).toMatchObject({ parent_run_id: id, project_id: project.id });
  // Its calls, too, are made there.
  await until(again.id, ({ status }) => status === 'succeeded');
  const records = await gateway.rows('select project_id from llm_run_records where run_id = $1', [again.id]);
  expect(new Set(records.map((record) => record.project_id))).toEqual(new Set([project.id]));
});
