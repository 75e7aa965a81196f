import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addProvider, expectStatus, makePolicy } from '../parts/client.ts';
import { type Gateway, recordsOf, startGateway } from '../parts/gateway.ts';

/** The stub stands behind the provider `openai`, at an address of its own. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const use = (slug: string, body: object = {}) => gateway.admin.post(`/api/v1/providers/${slug}/use`, body);
const callDefault = async (path = '/v1/chat/completions') => {
  const messages = [{ role: 'user', content: 'Hello.' }];
  const answer = await gateway.admin.post(path, { model: 'default', max_tokens: 9, messages });
  if (answer.status !== 200) return answer.text;
  const [record] = await recordsOf(gateway, answer.headers.get('x-aos-run-id') ?? '');
  return `${record?.provider}/${record?.model}`;
};

test('calls for "default", and runs without a model, go where the tenant says, from then on', async () => {
  expect(await callDefault()).toBe('mock/mock-small');
  const used = expectStatus(200, await use('openai', { model: 'gpt-4o-mini' }));
  expect(used).toMatchObject({ slug: 'openai', default_model: 'gpt-4o-mini' });
  expect(await callDefault()).toBe('openai/gpt-4o-mini');
  const run = { goal: 'g', agent_id: 'a', plan: { steps: [{ id: 'w', skill: 'wait', params: { seconds: 0 } }] } };
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', run));
  expect(await gateway.rows('select model from managed_runs where run_id = $1', [id])).toEqual([
    { model: 'openai/gpt-4o-mini' },
  ]);
  expectStatus(200, await use('anthropic', { model: 'claude-opus-4-6' }));
  expect(await callDefault('/v1/messages')).toBe('anthropic/claude-opus-4-6');
  expect(await callDefault()).toContain('does not speak /chat/completions');
  expectStatus(200, await use('mock'));
  expect(await callDefault()).toBe('mock/mock-small');
  const defaults = await gateway.rows('select slug from providers where default_model is not null');
  expect(defaults).toEqual([{ slug: 'mock' }]);
  const entries = await gateway.rows(
    "select before, after from audit_ledger where event = 'PROVIDER_DEFAULT_CHANGED' order by id",
  );
  expect(entries.map(({ before, after }) => [before?.provider ?? null, after.provider, after.model])).toEqual([
    [null, 'openai', 'gpt-4o-mini'],
    ['openai', 'anthropic', 'claude-opus-4-6'],
    ['anthropic', 'mock', 'mock-small'],
  ]);
});

test('a model that is called "default" by its provider is that model', async () => {
  expectStatus(200, await gateway.admin.put('/api/v1/providers/openai', { models: ['default'] }));
  expect(await callDefault()).toBe('openai/default');
  const run = { goal: 'g', agent_id: 'a', plan: { steps: [{ id: 'w', skill: 'wait', params: { seconds: 0 } }] } };
  const modelOf = async (more: object) => {
    const { id } = expectStatus(202, await gateway.admin.post('/api/v1/runs', { ...run, ...more }));
    return (await gateway.rows('select model from managed_runs where run_id = $1', [id]))[0]?.model;
  };
  expect(await modelOf({ model: 'default' })).toBe('openai/default');
  expect(await modelOf({})).toBe('mock/mock-small');
  expectStatus(200, await gateway.admin.put('/api/v1/providers/openai', { models: [] }));
  expect(await callDefault()).toBe('mock/mock-small');
});

test('a second provider of a kind takes no bare name from the first: its list says what it serves', async () => {
  const call = (model: string) =>
    gateway.admin.post('/v1/chat/completions', { model, max_tokens: 9, messages: [{ role: 'user', content: 'Hi.' }] });
  expectStatus(200, await call('gpt-4o'));
  const [stub] = await gateway.rows("select base_url from providers where slug = 'openai'");
  const second = {
    slug: 'ollama',
    kind: 'openai' as const,
    base_url: stub?.base_url,
    secret: 'sk-own',
    models: ['llama3', 'gpt-4o-mini'],
  };
  await addProvider(gateway.admin, second);
  const first = await recordsOf(gateway, expectCalled(await call('gpt-4o')));
  expect(first.map(({ provider }) => provider)).toEqual(['openai']);
  const own = await recordsOf(gateway, expectCalled(await call('llama3')));
  expect(own.map(({ provider }) => provider)).toEqual(['ollama']);
  const both = await call('gpt-4o-mini');
  expect([both.status, both.text]).toEqual([404, expect.stringContaining('served by 2 providers')]);
  const listed = expectStatus(200, await gateway.admin.get<{ data: { id: string }[] }>('/v1/models')).data;
  expect(listed.map(({ id }) => id).filter((id) => id.startsWith('ollama/'))).toEqual([
    'ollama/llama3',
    'ollama/gpt-4o-mini',
  ]);
  expectStatus(200, await gateway.admin.del('/api/v1/providers/ollama'));
});

const expectCalled = (answer: { status: number; headers: Headers; text: string }) => {
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.headers.get('x-aos-run-id') ?? '';
};

test('a provider that is off, or of which nobody can say the model, is not used', async () => {
  const unsaid = await use('openai');
  expect([unsaid.status, unsaid.text]).toEqual([400, expect.stringContaining('which model')]);
  expectStatus(200, await gateway.admin.del('/api/v1/providers/anthropic'));
  expect((await use('anthropic', { model: 'claude-opus-4-6' })).status).toBe(409);
  expectStatus(200, await gateway.admin.put('/api/v1/providers/anthropic', { enabled: true }));
});

test('a provider says which models it has, what of them has a price, and whether it took the key', async () => {
  const models = (slug: string) => gateway.admin.get(`/api/v1/providers/${slug}/models`);
  const listed = expectStatus(200, await models('openai'));
  expect(listed).toMatchObject({ accepted: true, http_status: 200 });
  expect(listed.items).toContainEqual({ name: 'gpt-4o-mini', priced: true });
  expect(listed.items).toContainEqual({ name: 'claude-opus-4-6', priced: false });
  expect(expectStatus(200, await models('anthropic')).items).toContainEqual({ name: 'claude-opus-4-6', priced: true });
  expect(expectStatus(200, await models('mock'))).toMatchObject({ accepted: true, http_status: null });
  const seen: (string | undefined)[] = [];
  const stern = createServer((req, res) => {
    seen.push(`${req.method} ${req.url} ${req.headers.authorization}`);
    res.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"Incorrect API key"}}');
  });
  await new Promise<void>((resolve) => stern.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(stern.address() as AddressInfo).port}/v1`;
  await addProvider(gateway.admin, { slug: 'stern', kind: 'openai', base_url, secret: 'sk-wrong' });
  expect(expectStatus(200, await models('stern'))).toMatchObject({ accepted: false, http_status: 401, items: [] });
  expect(seen).toEqual(['GET /v1/models Bearer sk-wrong']);
  stern.close();
  stern.closeAllConnections();
  expect((await models('stern')).status).toBe(502);
});

test('what a key may do is told where the built-in provider is off', async () => {
  const capabilities = async (query = '') =>
    expectStatus(
      200,
      await gateway.admin.get<{ models: string[]; limits: object[] }>(`/api/v1/runtime/capabilities${query}`),
    );
  await makePolicy(gateway.admin, {
    name: 'for everybody',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'requests', max: 1000, window: { per: 'day' } }, action: 'block' }],
  });
  expectStatus(200, await gateway.admin.put('/api/v1/providers/mock', { enabled: false }));
  for (const query of ['', '?agent_id=a']) {
    const { models, limits } = await capabilities(query);
    expect(models.some((id) => id.startsWith('openai/')) && !models.some((id) => id.startsWith('mock/'))).toBe(true);
    expect(limits).toMatchObject([{ unit: 'calls' }]);
  }
  for (const { slug } of await gateway.rows('select slug from providers where enabled'))
    expectStatus(200, await gateway.admin.put(`/api/v1/providers/${slug}`, { enabled: false }));
  expect(await capabilities()).toMatchObject({ models: [], limits: [] });
});
