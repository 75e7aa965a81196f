import { request } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addProvider, collect } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await addProvider(gateway.admin, {
    slug: 'router',
    kind: 'openai',
    base_url: gateway.stub.url,
    secret: 'sk-router',
    models: ['meta/llama-3:70b', 'anthropic/claude-opus-4-6'],
  });
});
afterAll(() => gateway?.stop());

/** The answer to a path as it is written: nothing decodes or mends it on its way. */
const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(gateway.server.url + path, {
    headers: { authorization: `Bearer ${gateway.server.admin_key}`, ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('one model', () => {
  test('is given to the official OpenAI client by every name that the list shows, and as the list shows it', async () => {
    const client = gateway.openai();
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['router/meta/llama-3:70b', 'anthropic/claude-opus-4-6', 'openai/gpt-4o-mini']),
    );
    for (const model of data) expect(await client.models.retrieve(model.id)).toEqual(model);
  });

  test('is found by any name that a call may have', async () => {
    const client = gateway.openai();
    const idOf = async (name: string) => (await client.models.retrieve(name)).id;
    expect(await idOf('gpt-4o-mini')).toBe('openai/gpt-4o-mini');
    expect(await idOf('meta/llama-3:70b')).toBe('router/meta/llama-3:70b');
    expect(await idOf('default')).toBe('mock/mock-small');
    // The router has a model of just this name: a full name goes first.
    expect(await idOf('anthropic/claude-opus-4-6')).toBe('anthropic/claude-opus-4-6');
  });

  test('may have its slashes encoded or not', async () => {
    for (const name of ['openai/gpt-4o-mini', 'openai%2Fgpt-4o-mini', 'openai%2fgpt-4o-mini'])
      expect(await get(`/v1/models/${name}`)).toMatchObject({ status: 200, body: { id: 'openai/gpt-4o-mini' } });
    for (const name of ['router/meta%2Fllama-3:70b', 'router%2Fmeta%2Fllama-3%3A70b'])
      expect(await get(`/v1/models/${name}`)).toMatchObject({ status: 200, body: { id: 'router/meta/llama-3:70b' } });
  });

  test('that nobody serves is a 404 of the wire that asks', async () => {
    for (const name of ['nothing', 'openai/nothing', 'nobody/nothing', 'ft:x', ' ']) {
      const error = await gateway
        .openai()
        .models.retrieve(name)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ code: 'model_not_found', type: 'invalid_request_error' });
    }
    for (const name of ['nothing', 'anthropic/nothing', 'openai/gpt-4o-mini', 'gpt-4o-mini']) {
      const error = await gateway
        .anthropic()
        .models.retrieve(name)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Anthropic.NotFoundError);
      expect(error).toMatchObject({ error: { type: 'error', error: { code: 'model_not_found' } } });
    }
  });

  test('is for keys that may call, and says so on the wire that asks', async () => {
    const asked = { apiKey: `aos_live_${'a'.repeat(40)}` };
    await expect(gateway.openai(asked).models.retrieve('gpt-4o-mini')).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
    const refused = gateway.anthropic({ ...asked, authToken: null }).models.retrieve('claude-opus-4-6');
    await expect(refused).rejects.toMatchObject({ status: 401, error: { type: 'error' } });
  });
});

describe('to the official Anthropic client', () => {
  test('models come in the form of its provider: those that its wire can call', async () => {
    const client = gateway.anthropic();
    const page = await client.models.list();
    const ids = page.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['anthropic/claude-opus-4-6', 'mock/mock-small']));
    expect(ids.filter((id) => !/^(?:anthropic|mock)\//.test(id))).toEqual([]);
    expect(page).toMatchObject({ has_more: false, first_id: ids[0], last_id: ids.at(-1) });
    const shown = { type: 'model', display_name: 'anthropic/claude-opus-4-6', created_at: '1970-01-01T00:00:00Z' };
    expect(page.data.find(({ id }) => id === 'anthropic/claude-opus-4-6')).toMatchObject(shown);
    for (const model of page.data) expect(await client.models.retrieve(model.id)).toEqual(model);
    expect(await client.models.retrieve('claude-opus-4-6')).toMatchObject(shown);
    const below = gateway.anthropic({ baseURL: `${gateway.server.url}/anthropic` });
    expect((await below.models.list()).data).toEqual(page.data);
    expect(await get('/anthropic/v1/models/claude-opus-4-6')).toMatchObject({ status: 200, body: shown });
  });

  test('come in pages, forwards and backwards', async () => {
    const client = gateway.anthropic();
    const all = (await client.models.list()).data;
    expect(all.length).toBeGreaterThan(7);
    expect(await collect(client.models.list({ limit: 3 }))).toEqual(all);
    const [, , third] = all;
    const before = await client.models.list({ limit: 1, before_id: third?.id ?? '' });
    expect(before).toMatchObject({ data: [all[1]], has_more: true });
    expect((await client.models.list({ before_id: all[0]?.id ?? '' })).data).toEqual([]);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=', 'limit=1&limit=2', 'after_id=nothing'])
      expect(await get(`/v1/models?${query}`, { 'anthropic-version': '2023-06-01' })).toMatchObject({
        status: 400,
        body: { type: 'error', error: { code: 'invalid_query' } },
      });
  });
});

test('an encoded slash is read nowhere else, and makes no path of two readings there', async () => {
  const { port } = new URL(gateway.server.url);
  const rawly = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const headers = { authorization: `Bearer ${gateway.server.admin_key}` };
      const sending = request({ host: '127.0.0.1', port, path, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => (text += part));
        answer.on('end', () => resolve(`${answer.statusCode} ${text}`));
      });
      sending.on('error', reject).end();
    });
  for (const path of [
    ...['/v1%2fmodels/gpt-4o-mini', '/v1/models%2fgpt-4o-mini', '/v1/models/%2fgpt-4o-mini', '/v1/models/a%2f%2fb'],
    ...[
      '/v1/models/..%2fmodels',
      '/v1/models/a%2f..',
      '/v1/models/a/../b',
      '/v1/models/a%2f%2e%2e%2fb',
      '/v1/models//a',
    ],
    ...['/v1/models/openai%5cgpt-4o-mini', '/v1/models/a;b', '/v1/models/%00', '/v1/models/%ff'],
  ])
    expect([path, await rawly(path)]).toEqual([path, expect.stringMatching(/^404 .*There is nothing at this path/)]);
  for (const path of ['/api/v1/runs/a%2fb', '/v1/modelsx/a%2fb', '/v1/models%2fx', '/x/v1/models/a%2fb'])
    expect([path, await rawly(path)]).toEqual([path, expect.stringContaining('it has an encoded slash')]);
});
