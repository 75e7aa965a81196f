import { createHash } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { collect, expectStatus } from '../parts/client.ts';
import { recordsOf, say } from '../parts/gateway.ts';
import {
  anthropicDirect,
  claude,
  claude_tools,
  comparable,
  gateway,
  model,
  onAnthropic,
  onOpenai,
  openaiDirect,
  pixel,
  tools,
  withGateway,
} from './client-parts.ts';

withGateway();

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
    expect(await read(`/api/v1/runs/${run_id}/trace`)).toMatchObject({
      ...{ id: trace_id, run_id, completed_at: null, incident_id: null, steps },
    });
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
        or not exists (select from runs u where u.id = r.run_id) or r.trace_id <> 'trc' || substr(r.run_id, 4)`,
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
