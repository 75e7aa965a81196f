import { createHash } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { cannedProvider } from '../parts/canned-provider.ts';
import { addProvider, collect, expectStatus } from '../parts/client.ts';
import { type Gateway, recordsOf, say, startGateway } from '../parts/gateway.ts';

const logprobs = {
  content: [
    { token: 'Hi', logprob: -0.25, bytes: [72, 105], top_logprobs: [{ token: 'Hi', logprob: -0.25, bytes: null }] },
  ],
  refusal: null,
};
const with_logprobs = {
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm' },
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};

let gateway: Gateway;
let canned: ScriptedProvider;
beforeAll(async () => {
  [gateway, canned] = await Promise.all([startGateway(), cannedProvider({ logprobs: { body: with_logprobs } })]);
});
afterAll(async () => {
  await gateway?.stop();
  await canned?.close();
});

const openaiDirect = (options: object = {}) => new OpenAI({ baseURL: gateway.stub.url, apiKey: 'sk', ...options });
const anthropicDirect = (options: object = {}) =>
  new Anthropic({ baseURL: gateway.stub.origin, apiKey: 'sk', authToken: null, ...options });

/** What the client makes of an answer, without what the stub makes anew for each request. */
const comparable = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer).replace(/(_|-)(01)?stub\d{20}/g, '$1id'), (name, value) =>
    name === 'created' || name === 'created_at' ? 0 : value,
  );

/** The same call to the provider itself and through the gateway: the client must not see a difference. */
async function same<Client>(
  direct: Client,
  ours: Client,
  call: (client: Client) => Promise<unknown>,
): Promise<unknown> {
  const [there, here] = [await call(direct), await call(ours)];
  expect(comparable(here)).toEqual(comparable(there));
  return comparable(here);
}

const onOpenai = (call: (client: OpenAI) => Promise<unknown>) => same(openaiDirect(), gateway.openai(), call);
const onAnthropic = (call: (client: Anthropic) => Promise<unknown>) =>
  same(anthropicDirect(), gateway.anthropic(), call);

const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
};
const tools = [{ type: 'function' as const, function: weather }];
const claude_tools = [
  { name: weather.name, description: weather.description, input_schema: { type: 'object' as const } },
];
const model = 'gpt-4o-mini';
const claude = 'claude-opus-4-6';

describe('the official OpenAI client', () => {
  test('plain, with several answers, a bound, stop, seed, tools and an image', async () => {
    await onOpenai((client) => client.chat.completions.create({ model, messages: say() }));
    await onOpenai((client) => client.chat.completions.create({ model, messages: say({}, 'Three.'), n: 3 }));
    const content = [
      { type: 'text' as const, text: 'What is this? stub: {"output_tokens": 40}' },
      { type: 'image_url' as const, image_url: { url: pixel, detail: 'low' as const } },
    ];
    const messages = [{ role: 'user' as const, content }];
    const more = {
      max_completion_tokens: 9,
      stop: ['\n\n'],
      seed: 7,
      tools,
      logprobs: true,
      top_logprobs: 2,
      user: 'u',
    };
    const answer = await onOpenai((client) => client.chat.completions.create({ model, messages, ...more }));
    expect(answer).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 9 } });
  });

  test('streamed: the usage chunk comes to those who asked and to no one else', async () => {
    const stream = { model, messages: say({ output_tokens: 30 }), stream: true as const };
    const asked = { ...stream, stream_options: { include_usage: true } };
    const chunks = await onOpenai(async (client) => collect(await client.chat.completions.create(asked)));
    expect((chunks as { usage?: object }[]).filter(({ usage }) => usage)).toHaveLength(1);

    // The provider marks every chunk of a stream with usage (`usage: null`), which is all that is left of our asking.
    const unmarked = await onOpenai(async (client) => {
      const all = await collect(await client.chat.completions.create(stream));
      return all.map(({ usage, ...chunk }) => ({ ...chunk, has_usage: Boolean(usage) }));
    });
    expect(unmarked).toHaveLength(32);
    expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).toMatchObject({
      stream_options: { include_usage: true },
    });
    await onOpenai(async (client) => collect(await client.chat.completions.create({ ...asked, n: 2 })));
    await onOpenai((client) => client.chat.completions.stream(asked).finalChatCompletion());
  });

  test('responses, plain and streamed', async () => {
    await onOpenai((client) => client.responses.create({ model, input: 'Hello.' }));
    const bounded = { model, input: say({ output_tokens: 50 }), max_output_tokens: 20, instructions: 'Be brief.' };
    const cut = await onOpenai((client) => client.responses.create(bounded));
    expect(cut).toMatchObject({ status: 'incomplete', usage: { output_tokens: 20 } });
    await onOpenai(async (client) => collect(await client.responses.create({ ...bounded, stream: true })));
    await onOpenai((client) => client.responses.stream({ model, input: 'Hello.' }).finalResponse());
  });

  test('embeddings of texts and of tokens, as numbers and in base64', async () => {
    const embed = (params: object) =>
      onOpenai((client) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'x', ...params }));
    await embed({});
    await embed({ input: ['one', 'two'], encoding_format: 'float', dimensions: 8 });
    await embed({ input: [[1, 2, 3], [4]], encoding_format: 'base64' });
  });

  test('lists the models that can be called', async () => {
    const { data } = await gateway.openai().models.list();
    expect(data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['mock/mock-small', `openai/${model}`, `anthropic/${claude}`]),
    );
    expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
  });

  test.each([
    [400, OpenAI.BadRequestError],
    [401, OpenAI.AuthenticationError],
    [404, OpenAI.NotFoundError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
  ])('a provider’s %i is the provider’s own, with the retries the client would make', async (status, kind) => {
    const failing = { model, messages: say({ error: status }, `Fail ${status}.`) };
    const errors = [];
    for (const client of [openaiDirect({ maxRetries: 1 }), gateway.openai({ maxRetries: 1 })]) {
      for (const stream of [false, true]) {
        const before = gateway.stub.log.length;
        const error = await client.chat.completions.create({ ...failing, stream }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(kind);
        const { headers, code, type, message, param } = error as InstanceType<typeof OpenAI.APIError>;
        expect(headers?.get('x-aos-source')).toBe(client.baseURL === gateway.stub.url ? null : 'provider');
        errors.push({ code, type, message, param, requests: gateway.stub.log.length - before });
      }
    }
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
    expect(errors[0]?.requests).toBe(status === 429 || status >= 500 ? 2 : 1);
  });
});

describe('the official Anthropic client', () => {
  const asked = { model: claude, max_tokens: 50, messages: say({ output_tokens: 20 }) };

  test('plain, streamed, with system text, tools, an image and either way of sending the key', async () => {
    await onAnthropic((client) => client.messages.create(asked));
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: pixel.split(',')[1] ?? '' };
    const content = [
      { type: 'text' as const, text: 'See. stub: {"output_tokens": 90}' },
      { type: 'image' as const, source },
    ];
    const rich = {
      ...{ ...asked, messages: [{ role: 'user' as const, content }] },
      ...{ system: [{ type: 'text' as const, text: 'Be brief.', cache_control: { type: 'ephemeral' as const } }] },
      ...{ tools: claude_tools, stop_sequences: ['END'], temperature: 0, metadata: { user_id: 'u' } },
    };
    const cut = await onAnthropic((client) => client.messages.create(rich));
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 50 } });
    await onAnthropic(async (client) => collect(await client.messages.create({ ...rich, stream: true })));
    await onAnthropic((client) => client.messages.stream(asked).finalMessage());
    const { admin_key } = gateway.server;
    const by_key = gateway.anthropic({ apiKey: admin_key, authToken: null });
    const below = gateway.anthropic({ baseURL: `${gateway.server.url}/anthropic` });
    for (const client of [by_key, below])
      expect(await client.messages.create(asked)).toMatchObject({ type: 'message' });
  });

  test.each([
    [400, Anthropic.BadRequestError],
    [429, Anthropic.RateLimitError],
    [529, Anthropic.InternalServerError],
  ])('a provider’s %i is the provider’s own', async (status, kind) => {
    const failing = { ...asked, messages: say({ error: status }) };
    const errors = [];
    for (const client of [anthropicDirect({ maxRetries: 0 }), gateway.anthropic({ maxRetries: 0 })]) {
      for (const stream of [false, true]) {
        const error = await client.messages.create({ ...failing, stream }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(kind);
        const { type, error: body } = error as InstanceType<typeof Anthropic.APIError>;
        errors.push(comparable({ type, body: { ...(body as object), request_id: '' } }));
      }
    }
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
  });
});

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

describe('every call leaves a complete record', () => {
  /** USD per million tokens of gpt-4o-mini. */
  const [input_price, output_price] = [0.15, 0.6];

  test.each([false, true])('streamed: %s', async (stream) => {
    const body = JSON.stringify({ model, messages: say({ output_tokens: 33 }, `Record ${stream}.`), stream });
    const before = gateway.stub.bill().requests;
    const answer = await fetch(`${gateway.server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json' },
      body,
    });
    const text = await answer.text();
    // What is settled before the answer ends can be looked up when it has ended.
    const run_id = answer.headers.get('x-aos-run-id') ?? '';
    const [record, ...others] = await recordsOf(gateway, run_id);
    const [billed] = gateway.stub.bill().lines.slice(before);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      ...{ provider: 'openai', model, wire: 'chat', streamed: stream, execution_status: 'succeeded', http_status: 200 },
      ...{ error_code: null, usage_source: 'provider', verdict: 'continue' },
      ...{ input_tokens: String(billed?.input_tokens), output_tokens: '33' },
      decision_id: answer.headers.get('x-aos-decision-id'),
      prompt_hash: createHash('sha256').update(body).digest('hex'),
    });
    const usd = ((billed?.input_tokens ?? 0) * input_price + 33 * output_price) / 1e6;
    expect(Number(record?.cost_usd)).toBeCloseTo(usd, 12);
    // The usage chunk was not handed on, so it is not part of what was answered.
    expect(record?.response_hash).toBe(createHash('sha256').update(text).digest('hex'));
    const one = async (table: string, id: string) =>
      (await gateway.rows(`select * from ${table} where id = $1`, [id]))[0];
    expect(await one('steps', record?.step_id ?? '')).toMatchObject({
      ...{ kind: 'llm', status: 'succeeded', run_id, trace_id: record?.trace_id, decision_id: record?.decision_id },
      ...{
        cost_usd: record?.cost_usd,
        error: null,
        params: { model, provider: 'openai', wire: 'chat', streamed: stream },
      },
    });
    expect(await one('traces', record?.trace_id ?? '')).toMatchObject({
      run_id,
      completed_at: null,
      incident_id: null,
    });
    expect(await one('runs', run_id)).toMatchObject({
      ...{ status: 'running', calls: 1, refused_calls: 0, output_tokens: '33', estimated_cost_usd: record?.cost_usd },
      ...{ identity: 'none', policy_context: 'SYSTEM_DEFAULT', mode: 'gateway' },
    });
    expect(await gateway.rows('select from holds')).toEqual([]);

    const read = async (path: string) => expectStatus(200, await gateway.admin.get(path));
    const { id, step_id, decision_id, trace_id, cost_usd } = record ?? {};
    const items = [{ id, run_id, step_id, decision_id, cost_usd, usage_source: 'provider' }];
    expect(await read(`/api/v1/logs/llm-runs?run=${run_id}`)).toMatchObject({ items });
    expect(await read(`/api/v1/runs/${run_id}`)).toMatchObject({ id: run_id, trace_id, estimated_cost_usd: cost_usd });
    const steps = [{ id: step_id, record_id: id, decision_id, status: 'succeeded', cost_usd }];
    expect(await read(`/api/v1/runs/${run_id}/steps`)).toMatchObject({ items: steps });
    expect(await read(`/api/v1/runs/${run_id}/trace`)).toMatchObject({ id: trace_id, run_id, steps });
    const decision = { id: decision_id, run_id, verdict: 'continue', derived: true, record_id: id, incident_ids: [] };
    expect(await read(`/api/v1/decisions/${decision_id}`)).toMatchObject(decision);
  });

  test('as many as the provider has lines in its bill, with the same tokens and an amount that adds up', async () => {
    const { lines } = gateway.stub.bill();
    const [sum] = await gateway.rows(
      `select count(*)::int n, sum(input_tokens)::int input, sum(output_tokens)::int output, count(*) filter (where cost_usd is null)::int unpriced
        from llm_run_records where execution_status = 'succeeded' and provider in ('openai', 'anthropic')`,
    );
    // Half of the stub's requests came from clients without the gateway between; theirs are not in these records.
    expect(sum?.n).toBeGreaterThan(20);
    expect(sum?.n).toBeLessThan(lines.length);
    expect(sum?.unpriced).toBe(0);
    const [orphans] = await gateway.rows(
      `select count(*)::int n from llm_run_records r where not exists (select from steps s where s.id = r.step_id)
        or not exists (select from runs u where u.id = r.run_id) or not exists (select from traces t where t.id = r.trace_id)`,
    );
    expect(orphans?.n).toBe(0);
  });
});

test('the built-in models answer on every wire without any provider', async () => {
  const chat = await gateway
    .openai()
    .chat.completions.create({ model: 'mock-small', messages: say(), tools, tool_choice: 'required' });
  expect(chat.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get_weather' } });
  const response = await gateway.openai().responses.create({ model: 'mock-small', input: 'Hello.' });
  expect(response.output_text.length).toBeGreaterThan(20);
  const asked = { model: 'mock-small', max_tokens: 64, messages: say() };
  const message = await gateway.anthropic().messages.stream(asked).finalMessage();
  expect(message.usage.output_tokens).toBeGreaterThan(5);
  const { data } = await gateway.openai().embeddings.create({ model: 'mock-embedding', input: 'Hello.' });
  expect(data[0]?.embedding.length).toBeGreaterThan(8);
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
    for (const name of ['messages-plain.json', 'messages-tool.json']) {
      const create = (client: Anthropic, model: string) => client.messages.create({ ...asked, model });
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
