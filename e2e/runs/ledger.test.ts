import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedIn } from '../http/person.ts';
import { type Api, api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
let ann: Api & { key_id: string };
beforeAll(async () => {
  gateway = await startGateway();
  ann = await signedIn({ ...gateway.admin, url: gateway.server.url }, 'ann@example.com');
});
afterAll(() => gateway?.stop());

interface Run {
  id: string;
  status: string;
  project_id: string;
  parent_run_id: string | null;
}

const because = { reason: 'a test' };
const waiting = (seconds: number) => ({ steps: [{ id: 'a', skill: 'wait', params: { seconds } }] });
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
const told = (id: string) =>
  gateway.rows(
    'select event, actor_type, actor_id, project_id, run_id, before, after from audit_ledger where object_id = $1 order by id',
    [id],
  );

test('the ledger names the person who asked for, cancelled and killed a run, and how it stood before', async () => {
  const by_ann = { actor_type: 'human', actor_id: ann.key_id };
  const { id } = await ask(ann, { plan: waiting(60) });
  await until(id, ({ status }) => status === 'running');
  expectStatus(200, await ann.post(`/api/v1/runs/${id}/kill`, because));
  expect(await told(id)).toMatchObject([
    { event: 'RUN_CREATED', ...by_ann },
    { event: 'RUN_STARTED', actor_type: 'system', before: { status: 'queued' }, after: { status: 'running' } },
    { event: 'RUN_KILLED', ...by_ann, before: { status: 'running' }, after: { status: 'cancelled' } },
  ]);
  const later = await ask(ann, { goal: 'Say hello', model: 'mock-rate-limited', max_retries: 1 });
  await until(later.id, ({ status }) => status === 'retry');
  expectStatus(200, await ann.post(`/api/v1/runs/${later.id}/cancel`, because));
  const cancelled = { event: 'RUN_CANCELLED', ...by_ann, before: { status: 'retry' }, run_id: later.id };
  expect((await told(later.id)).at(-1)).toMatchObject(cancelled);
});

test('a key is a service in the ledger, and what an agent says of its end stands with its run', async () => {
  const { id, project_id } = await ask(gateway.admin, { mode: 'external' });
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/finish`, { outcome: 'succeeded' }));
  const at = { run_id: id, project_id, actor_type: 'service' };
  expect(await told(id)).toMatchObject([
    { event: 'RUN_CREATED', ...at },
    { event: 'RUN_ENDED', ...at, before: { status: 'running' } },
  ]);
});

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
  expect((await told(id)).at(-1)).toMatchObject({ event: 'RUN_RETRIED', run_id: id, project_id: project.id });
});
