import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, type KeyBody, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, say, startGateway } from '../parts/gateway.ts';

interface History {
  subject: string;
  cap: number | string;
  points: { at: string; used: number | string }[];
  by_agent: { name: string | null; calls: number; amount: number | string }[];
  by_api_key: { name: string | null; calls: number }[];
}
interface State {
  posted: number | string;
  pending: number | string;
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const controlOf = (policy: object): string => (policy as { controls: { id: string }[] }).controls[0]?.id ?? '';
const limited = (limit: object) => ({
  name: 'A budget',
  target: { kind: 'all_runs' },
  controls: [{ limit, action: 'block' }],
});
const history = async (id: string, query = '') =>
  expectStatus(200, await gateway.admin.get<History>(`/api/v1/limits/${id}/history${query}`));
const state = async (id: string) => expectStatus(200, await gateway.admin.get<State>(`/api/v1/limits/${id}/state`));

async function calls(n: number, agent: string): Promise<void> {
  for (let i = 0; i < n; i++)
    await gateway.openai({ defaultHeaders: { 'x-aos-agent-id': agent } }).chat.completions.create({
      model: 'gpt-4o-mini',
      messages: say(),
    });
  await gateway.untilSettled();
}

test('the history of a limit ends at its balance, never falls within a period, and names who used it', async () => {
  const daily = controlOf(
    await makePolicy(gateway.admin, limited({ type: 'cost_usd', max: '5', window: { per: 'day' } })),
  );
  const rolling = controlOf(
    await makePolicy(gateway.admin, limited({ type: 'requests', max: 50, window: { rolling_seconds: 600 } })),
  );
  const per_agent = controlOf(
    await makePolicy(gateway.admin, limited({ type: 'requests', max: 50, window: { per: 'day' }, count_per: 'agent' })),
  );
  const per_run = controlOf(
    await makePolicy(gateway.admin, limited({ type: 'steps', max: 50, window: { per: 'run' } })),
  );
  await calls(3, 'ann');
  await calls(1, 'bob');

  const money = await history(daily);
  const used = money.points.map((point) => Number(point.used));
  expect(used).toEqual([...used].sort((a, b) => a - b));
  expect(money.points.at(-1)?.used).toBe((await state(daily)).posted);
  expect(money.by_agent.map(({ name, calls }) => [name, calls])).toEqual([
    ['ann', 3],
    ['bob', 1],
  ]);
  const total = money.by_agent.reduce((sum, of) => sum + Number(of.amount), 0);
  expect(total).toBeCloseTo(Number(money.points.at(-1)?.used), 9);
  expect(money.by_api_key).toMatchObject([{ name: 'admin', calls: 4 }]);

  expectStatus(201, await gateway.admin.post('/api/v1/projects', { slug: 'elsewhere' }));
  const stranger = api(
    gateway.server,
    (await makeKey(gateway.admin, { role: 'viewer', project_id: 'elsewhere' })).secret,
  );
  const told = expectStatus(200, await stranger.get<History>(`/api/v1/limits/${daily}/history`));
  expect([told.points.at(-1)?.used, told.by_agent, told.by_api_key]).toEqual([money.points.at(-1)?.used, [], []]);

  expect((await history(rolling)).points.at(-1)?.used).toBe(4);
  expect(await history(per_agent)).toMatchObject({ by_agent: [{ name: 'ann', calls: 3 }] });
  expect((await history(per_run)).points).toEqual([]);
});

test('the system tells how it is: the database, its processes, and what its calls cost in time', async () => {
  const system = expectStatus(
    200,
    await gateway.admin.get<{
      database: { version: string; answered_in_ms: number };
      processes: { id: string; alive: boolean }[];
      instance_id: string;
      queue: { open_holds: number };
      added: { calls: number; p95_seconds: number | null };
    }>('/api/v1/system'),
  );
  expect(system.processes).toContainEqual(expect.objectContaining({ id: system.instance_id, alive: true }));
  expect(system.queue.open_holds).toBe(0);
  expect(Number(system.added.calls)).toBe(4);
  expect(system.added.p95_seconds).toBeGreaterThan(0);
});

test('what all tenants together have and do is told to those who run the installation alone', async () => {
  const { admin, server } = gateway;
  const keys = await Promise.all(
    [
      { role: 'admin', project_id: null },
      { role: 'auditor', project_id: null },
      { role: 'admin', project_id: 'default' },
    ].map((of) => makeKey(admin, of)),
  );
  const other = expectStatus(201, await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug: 'other' }));
  const told = [];
  for (const { secret } of [...keys, other.api_key]) {
    const { body } = await api(server, secret).get<{
      database: { size_bytes: number | null };
      processes: object[] | null;
      added: object | null;
      queue: object;
    }>('/api/v1/system');
    expect(body.queue).toMatchObject({ open_holds: 0 });
    told.push([body.database.size_bytes, body.processes, body.added].map((of) => of !== null));
  }
  expect(told).toEqual([Array(3).fill(true), ...Array(3).fill(Array(3).fill(false))]);
});
