import type { FacetValue } from '@aos/core/base/facets.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  expectStatus(201, await gateway.admin.post('/api/v1/demo', { runs: 60, days: 3 }));
  await limitAgent(
    gateway,
    'stopped',
    { limit: { type: 'requests', max: 0, window: { per: 'day' } }, action: 'block' },
    { name: 'Nothing at all' },
  );
  const headers = { 'x-aos-agent-id': 'stopped' };
  expectStatus(402, await gateway.admin.post('/v1/chat/completions', wires.chat.body({}), { headers }));
  const path = '/api/v1/incidents';
  const opened = await waitFor(
    async () => (await get<{ items: { id: string }[] }>(path, { agent: 'stopped', status: 'open' })).items[0],
    { what: 'the incident' },
  );
  expectStatus(200, await gateway.admin.post(`${path}/${opened.id}/assign`, { owner: 'Ann' }));
});
afterAll(() => gateway?.stop(), 60_000);

type Facets = Record<string, FacetValue[] | null | string | object>;

const get = async <Of>(path: string, query: Record<string, string>): Promise<Of> =>
  expectStatus(200, await gateway.admin.get<Of>(`${path}?${new URLSearchParams(query)}`));

/** The facets of a list that were counted in time; on a busy machine one may not be. */
const facetsAt = async (path: string, query: Record<string, string>): Promise<Record<string, FacetValue[]>> => {
  let found: Record<string, FacetValue[]> = {};
  const isCounted = async () => {
    const { generated_at: _, counted_newest: __, ...facets } = await get<Facets>(path, query);
    found = facets as Record<string, FacetValue[]>;
    return Object.values(facets).every((values) => values !== null);
  };
  await expect.poll(isCounted).toBe(true);
  return found;
};

const lists: [string, string, string[], Record<string, string>][] = [
  [
    '/api/v1/activity/completed',
    '/api/v1/activity/facets?part=completed',
    ['status', 'reason', 'source', 'agent', 'model'],
    { is_synthetic: 'all' },
  ],
  [
    '/api/v1/logs/llm-runs',
    '/api/v1/logs/llm-runs/facets',
    ['status', 'source', 'provider', 'model', 'agent'],
    { is_synthetic: 'all' },
  ],
  ['/api/v1/logs/audit', '/api/v1/logs/audit/facets', ['event', 'actor_type'], {}],
  [
    '/api/v1/logs/system',
    '/api/v1/logs/system/facets',
    ['severity', 'component', 'event'],
    { include: 'installation' },
  ],
  [
    '/api/v1/incidents',
    '/api/v1/incidents/facets',
    ['severity', 'category', 'agent', 'policy', 'owner'],
    { is_synthetic: 'all', status: 'open' },
  ],
];

test.each(lists)(
  'each value of a facet of %s is as many rows as its filter lists',
  async (list, path, names, always) => {
    const [facets_path = '', part] = path.split('?');
    const asked = { ...always, ...Object.fromEntries(new URLSearchParams(part)) };
    const facets = await facetsAt(facets_path, asked);
    expect(Object.keys(facets).sort()).toEqual([...names].sort());
    for (const [name, values] of Object.entries(facets)) {
      expect([name, values.length > 0]).toEqual([name, true]);
      expect(values.map(({ count }) => count)).toEqual(values.map(({ count }) => count).sort((a, b) => b - a));
      for (const { value, count } of values.slice(0, 4)) {
        const { total } = await get<{ total: number }>(list, { ...always, [name]: value, limit: '1' });
        expect([name, value, count]).toEqual([name, value, total]);
      }
      // What a facet is narrowed to changes the counts of the others, and none of its own.
      const [first] = values;
      const narrowed = await facetsAt(facets_path, { ...asked, [name]: first?.value ?? '' });
      expect([name, narrowed[name]]).toEqual([name, values]);
      for (const [other, its] of Object.entries(narrowed))
        for (const { count } of other === name ? [] : its) expect(count).toBeLessThanOrEqual(first?.count ?? 0);
    }
  },
  120_000,
);

test.each([
  ['llm_runs', '/api/v1/logs/llm-runs', 'admitted_at', 'is_synthetic=all'],
  ['audit', '/api/v1/logs/audit', 'occurred_at', ''],
  ['system', '/api/v1/logs/system', 'occurred_at', 'include=installation'],
])('the oldest record of %s is the one that its list ends with', async (log, path, at, query) => {
  const oldest = await get<Record<string, string>>('/api/v1/logs/oldest', { include: 'installation' });
  const all: Record<string, string>[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const asked = { limit: '200', ...Object.fromEntries(new URLSearchParams(query)), ...(cursor && { cursor }) };
    const page: { items: Record<string, string>[]; next_cursor: string | null } = await get(path, asked);
    all.push(...page.items);
    cursor = page.next_cursor;
  }
  expect(oldest[log]).toBe(all.at(-1)?.[at]);
});

test('a policy of incidents is told by its name', async () => {
  const { policy } = await facetsAt('/api/v1/incidents/facets', { is_synthetic: 'all' });
  expect(policy?.find(({ value }) => value.startsWith('pol_'))?.name).toMatch(/^[A-Z][a-z]+ /);
  for (const { value, name } of policy ?? [])
    expect([value, name !== undefined]).toEqual([value, value.startsWith('pol_')]);
});

test('where all rows cannot be counted in time, the newest are, and the answer says so', async () => {
  const path = '/api/v1/logs/llm-runs/facets';
  const all = await facetsAt(path, { is_synthetic: 'all' });
  // Whatever does not ask for the newest alone takes longer than a count may take.
  await gateway.change(
    `create policy slow on llm_run_records as restrictive using (current_query() like '%) newest group by%' or pg_sleep(5) is not null)`,
  );
  const newest = 10_000;
  const bounded = { status: newest, source: newest, provider: newest, model: newest, agent: newest };
  let found: Facets = {};
  const isCounted = async () => {
    found = await get<Facets>(path, { is_synthetic: 'all' });
    return found.counted_newest;
  };
  // On a busy machine not even these may be counted in time.
  await expect.poll(isCounted).toEqual(bounded);
  expect(found).toMatchObject(all);
});
