import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { addProvider, collect } from '../parts/client.ts';
import { say } from '../parts/gateway.ts';
import { canned, claude, claude_tools, gateway, model, tools, withGateway } from './client-parts.ts';

withGateway();

describe('what reaches the provider', () => {
  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${gateway.server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json', ...headers },
      body,
    });
    await answer.text();
    expect(answer.status).toBe(200);
    const sent = gateway.stub.received.at(-1);
    if (!sent) throw new Error('nothing reached the stub');
    return sent;
  };

  const odd = `{ "seed" : 12345678901234567890123456789, "temperature":1.0,"big": -9007199254740993, "tiny":1E-7,
    "esc":"\\u00e9\\/\\ud83d\\ude00", "unknown_field": {"a":[1.50, {"b" : null}]},"logit_bias":{"50256":-100},
    "model":"MODEL",   "messages":[{"role":"user","content":"Grüße 😀 stub: {}"} ] }\n`;

  test('is the caller’s body, byte for byte', async () => {
    expect((await post('/v1/chat/completions', odd.replace('MODEL', model))).body).toBe(odd.replace('MODEL', model));
  });

  test('but for the model’s prefix, and the asking for usage of a stream', async () => {
    const prefixed = await post('/v1/chat/completions', odd.replace('MODEL', `openai/${model}`));
    expect(prefixed.body).toBe(odd.replace('MODEL', model));
    const streamed = odd.replace('MODEL', model).replace('"seed"', '"stream": true, "seed"');
    const sent = await post('/v1/chat/completions', streamed);
    expect(sent.body).toBe(streamed.replace(' }\n', ',"stream_options":{"include_usage":true} }\n'));
  });

  test('is answered with our id of the request, and the provider’s beside it', async () => {
    const client = gateway.openai();
    for (const stream of [false, true]) {
      const { response } = await client.chat.completions.create({ model, messages: say(), stream }).withResponse();
      const [ours, also] = ['x-request-id', 'request-id'].map((name) => response.headers.get(name));
      expect(ours).toMatch(/^req_[0-9a-f]{32}$/);
      expect(also).toBe(ours);
      expect(response.headers.get('x-aos-provider-request-id')).toBe(gateway.stub.received.at(-1)?.id);
    }
  });

  test('carries the provider’s key and no word of ours', async () => {
    const { admin_key } = gateway.server;
    const claims = { 'x-aos-agent-id': 'a', 'x-aos-tags': 'k=v', cookie: 'c=1', 'openai-organization': 'org-caller' };
    const chat = await post('/v1/chat/completions', odd.replace('MODEL', model), claims);
    expect(chat.headers.authorization).toBe('Bearer sk-stub-provider-key');
    const said = JSON.stringify({ model: claude, max_tokens: 5, messages: say() });
    const more = { 'x-api-key': admin_key, 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x-2025-01-01' };
    const messages = await post('/v1/messages', said, { ...claims, ...more });
    expect(messages.headers).toMatchObject({ 'x-api-key': 'sk-stub-provider-key', 'anthropic-beta': 'x-2025-01-01' });
    for (const { headers } of [chat, messages]) {
      expect(JSON.stringify(headers)).not.toContain(admin_key);
      expect(Object.keys(headers).filter((name) => /^(x-aos|cookie|openai-org)/.test(name))).toEqual([]);
    }
  });
});

describe('answers of real providers, word for word', () => {
  const direct = () => new OpenAI({ baseURL: `${canned.url}/v1`, apiKey: 'sk', maxRetries: 0 });
  const directClaude = () => new Anthropic({ baseURL: canned.url, apiKey: 'sk', authToken: null, maxRetries: 0 });
  const messages = say();

  // The last of this file: with two providers of a kind, a bare model name is ambiguous.
  beforeAll(async () => {
    const secret = 'sk-canned';
    await addProvider(gateway.admin, { slug: 'canned', kind: 'openai', base_url: `${canned.url}/v1`, secret });
    await addProvider(gateway.admin, { slug: 'canned-claude', kind: 'anthropic', base_url: canned.url, secret });
  });

  test.each(['chat-plain.json', 'chat-tool.json', 'chat-choices.json', 'chat-refusal.json', 'logprobs'])(
    'chat %s',
    async (name) => {
      const create = (client: OpenAI, model: string) =>
        client.chat.completions.create({ model, messages, tools, n: 3 });
      expect(await create(gateway.openai(), `canned/${name}`)).toEqual(await create(direct(), name));
    },
  );

  test.each(['chat-stream.sse', 'chat-stream-tool.sse', 'chat-stream-length.sse'])('chat %s', async (name) => {
    const stream_options = { include_usage: true };
    const create = async (client: OpenAI, model: string) =>
      collect(await client.chat.completions.create({ model, messages, tools, stream: true, stream_options }));
    const there = await create(direct(), name);
    expect(there.length).toBeGreaterThan(3);
    expect(await create(gateway.openai(), `canned/${name}`)).toEqual(there);
  });

  test('responses, with a tool, streamed, and failing in mid-stream', async () => {
    for (const name of ['responses-plain.json', 'responses-tool.json']) {
      const create = (client: OpenAI, model: string) => client.responses.create({ model, input: 'x' });
      expect(await create(gateway.openai(), `canned/${name}`)).toEqual(await create(direct(), name));
    }
    const create = async (client: OpenAI, model: string) =>
      collect(await client.responses.create({ model, input: 'x', stream: true }));
    const [whole, failing] = ['responses-stream.sse', 'responses-stream-failed.sse'];
    expect(await create(gateway.openai(), `canned/${whole}`)).toEqual(await create(direct(), whole));
    const there = await create(direct(), failing).catch((error: Error) => error.message);
    expect(there).toMatch(/Request too large/);
    expect(await create(gateway.openai(), `canned/${failing}`).catch((error: Error) => error.message)).toBe(there);
  });

  test.each(['gzip', 'br', 'deflate'])('in %s, which nobody asked for', async (coding) => {
    const plain = (client: OpenAI, model: string) => client.chat.completions.create({ model, messages });
    const stream_options = { include_usage: true };
    const streamed = async (client: OpenAI, model: string) =>
      collect(await client.chat.completions.create({ model, messages, stream: true, stream_options }));
    const refused = (client: OpenAI, model: string) =>
      plain(client, model).catch(({ status, message, error }) => ({ status, message, error }));
    const calls = { 'chat-plain.json': plain, 'chat-stream.sse': streamed, '400': refused };
    for (const [name, call] of Object.entries(calls)) {
      const there = await call(direct(), `${name}+${coding}`);
      expect(await call(gateway.openai(), `canned/${name}+${coding}`)).toEqual(there);
    }
  });

  test.each([
    ['400', 1],
    ['429', 3],
  ])('with a refusal by %s that breaks off, which is free', async (status, times) => {
    for (const stream of [false, true]) {
      const tried = async (client: OpenAI, model: string) => {
        const before = canned.requests.length;
        const thrown = await client.chat.completions
          .create({ model, messages, stream }, { maxRetries: 2 })
          .catch((error) => [error.constructor.name, error.status]);
        return { thrown, times: canned.requests.length - before };
      };
      const there = await tried(direct(), `${status}+broken`);
      expect(there).toMatchObject({ thrown: [expect.any(String), Number(status)], times });
      expect(await tried(gateway.openai(), `canned/${status}+broken`)).toEqual(there);
    }
    const records = await gateway.rows('select * from llm_run_records where model = $1', [`${status}+broken`]);
    expect(records).toHaveLength(2 * times);
    for (const of of records) expect(of).toMatchObject({ error_code: `provider_${status}`, usage_source: 'none' });
  });

  test('that breaks off once, and is not asked for again', async () => {
    const tries = async (client: OpenAI, model: string) => {
      const before = canned.requests.length;
      await expect(client.chat.completions.create({ model, messages }, { maxRetries: 2 })).rejects.toThrow();
      return canned.requests.length - before;
    };
    expect(await tries(direct(), 'chat-plain.json+broken')).toBe(1);
    expect(await tries(gateway.openai(), 'canned/chat-plain.json+broken')).toBe(1);
  });

  test('with a picture in one event of a stream', async () => {
    const read = async (url: string, key: string, model: string) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ model, messages, stream: true });
      return (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })).text();
    };
    const there = await read(canned.url, 'sk', 'picture');
    expect(there.length).toBeGreaterThan(8 * 1024 * 1024);
    expect((await read(gateway.server.url, gateway.server.admin_key, 'canned/picture')) === there).toBe(true);
  });

  test('to a query the caller gave, which travels on', async () => {
    const { url, admin_key } = gateway.server;
    const body = JSON.stringify({ model: 'canned-claude/messages-plain.json', max_tokens: 5, messages });
    const headers = { 'x-api-key': admin_key, 'content-type': 'application/json' };
    for (const query of ['?beta=true', '?a=1&b=%2F%20c', '']) {
      const answer = await fetch(`${url}/v1/messages${query}`, { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
      expect(canned.requests.at(-1)?.path).toBe(`/v1/messages${query}`);
    }
  });

  test('messages, with a tool, streamed', async () => {
    const asked = { max_tokens: 100, messages, tools: claude_tools };
    // A bound of 0 fills the provider's cache, and generates nothing.
    for (const [name, max_tokens] of [
      ['messages-plain.json', 100],
      ['messages-plain.json', 0],
      ['messages-tool.json', 100],
    ] as const) {
      const create = (client: Anthropic, model: string) => client.messages.create({ ...asked, max_tokens, model });
      expect(await create(gateway.anthropic(), `canned-claude/${name}`)).toEqual(await create(directClaude(), name));
    }
    for (const name of ['messages-stream.sse', 'messages-stream-tool.sse']) {
      const create = async (client: Anthropic, model: string) =>
        collect(await client.messages.create({ ...asked, model, stream: true }));
      expect(await create(gateway.anthropic(), `canned-claude/${name}`)).toEqual(await create(directClaude(), name));
    }
    const broken = async (client: Anthropic, model: string) =>
      collect(await client.messages.create({ ...asked, model, stream: true })).catch((error: Error) => error.message);
    const there = await broken(directClaude(), 'messages-stream-error.sse');
    expect(there).toMatch(/overloaded/i);
    expect(await broken(gateway.anthropic(), 'canned-claude/messages-stream-error.sse')).toBe(there);
  });
});
