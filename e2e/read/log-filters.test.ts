import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { type Gateway, say, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  for (const text of ['One.', 'Another.'])
    await gateway.openai().chat.completions.create({ model: 'gpt-4o-mini', messages: say({}, text) });
  await gateway.untilSettled();
  const { id } = expectStatus(
    201,
    await gateway.admin.post<{ id: string }>('/api/v1/agents', { slug: 'told', name: 'Told' }),
  );
  const body = { kind: 'agent', id, reason: 'spends 100 % too much' };
  expectStatus(201, await gateway.admin.post('/api/v1/containments', body));
});
afterAll(() => gateway?.stop(), 60_000);

interface Listed {
  items: Record<string, string>[];
}
const list = async (path: string, query: Record<string, string> = {}) =>
  expectStatus(200, await gateway.admin.get<Listed>(`${path}?${new URLSearchParams(query)}`)).items;

test('a record is found by how the hash of its prompt or of its answer begins', async () => {
  const records = await list('/api/v1/logs/llm-runs');
  expect(records).toHaveLength(2);
  const [first] = records;
  for (const hash of [first?.prompt_hash, first?.response_hash])
    for (const length of [8, 64]) {
      const found = await list('/api/v1/logs/llm-runs', { hash: hash?.slice(0, length) ?? '' });
      const expected = records.filter((of) => [of.prompt_hash, of.response_hash].includes(hash ?? ''));
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    }
  expect(await list('/api/v1/logs/llm-runs', { hash: '00000000' })).toEqual([]);
  for (const hash of ['abc', '%25%25%25%25%25%25%25%25', 'ABCDEF01'])
    expect((await gateway.admin.get(`/api/v1/logs/llm-runs?hash=${hash}`)).status).toBe(400);
});

test('entries are found by a text in their reason or event, and it is no pattern', async () => {
  const texts = async (q: string) => (await list('/api/v1/logs/audit', { q })).map(({ event }) => event);
  const contained = await texts('100 % TOO');
  expect(contained).toHaveLength(1);
  expect(await texts('100%too')).toEqual([]);
  expect(await texts('ject_crea')).toContain('PROJECT_CREATED');
});

test('records of the system are found by a text in their summary', async () => {
  const all = await list('/api/v1/logs/system', { include: 'installation' });
  const found = await list('/api/v1/logs/system', { include: 'installation', q: 'PROCESS started' });
  expect(found.map(({ id }) => id)).toEqual(
    all.filter(({ summary }) => summary?.includes('process started')).map(({ id }) => id),
  );
  expect(found.length).toBeGreaterThan(0);
});
