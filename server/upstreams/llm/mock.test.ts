import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import Anthropic from '@anthropic-ai/sdk';
import { mockTokens } from '@aos/core/activity/tokens.ts';
import type { WireName } from '@aos/core/activity/wires/define.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../../tools/simulate/scripted-provider.ts';
import { UpstreamFailure } from './define.ts';
import { mock } from './mock.ts';
import { SseSplitter } from './sse.ts';

const deadlines = { connect_ms: 1_000, first_byte_ms: 30_000, idle_ms: 30_000, total_ms: 60_000 };
const target = { id: 'mock', kind: 'mock', base_url: '', secret: null } as const;

function open(wire: WireName, body: object, signal = new AbortController().signal) {
  const request = { wire, path: wires[wire].path, headers: {}, stream: false, deadlines, sent_at_ms: 0, signal };
  return mock.open(target, { ...request, body: Buffer.from(JSON.stringify(body)) });
}

const bodyOf = async (answer: Awaited<ReturnType<typeof open>>) => JSON.parse((await buffer(answer.body)).toString());

/** A server that relays the mock provider, for the official clients. */
let relay: ScriptedProvider;
beforeAll(async () => {
  relay = await scriptedProvider((response, { path, body }) => {
    const wire = Object.values(wires).find((candidate) => path.endsWith(candidate.path)) ?? wires.chat;
    void open(wire.name, JSON.parse(body)).then((answer) => {
      response.writeHead(answer.status, answer.headers);
      return pipeline(answer.body, response).catch(() => {});
    });
  });
});
afterAll(() => relay.close());

const openai = () => new OpenAI({ apiKey: 'k', baseURL: `${relay.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: 'k', baseURL: relay.url, maxRetries: 0 });
const user = (content: string) => ({ role: 'user', content }) as const;

describe('the official OpenAI client reads chat completions', () => {
  test('plain, the same for the same prompt, with the tokens of the text as usage', async () => {
    const ask = (content: string) =>
      openai().chat.completions.create({ model: 'mock-small', messages: [user(content)] });
    const [first, again, other] = [await ask('hi'), await ask('hi'), await ask('ho')];
    const text = first.choices[0]?.message.content ?? '';
    expect(text.split(' ').length).toBeGreaterThan(20);
    expect(first.choices[0]?.finish_reason).toBe('stop');
    expect(again.choices).toEqual(first.choices);
    expect(again.id).not.toBe(first.id);
    expect(other.choices[0]?.message.content).not.toBe(text);
    expect(first.usage).toMatchObject({ prompt_tokens: mockTokens('hi'), completion_tokens: mockTokens(text) });
    expect(first.usage?.total_tokens).toBe(mockTokens('hi') + mockTokens(text));
  });

  test('streamed, with the text, usage and finish of the plain answer', async () => {
    const body = { model: 'mock-small', messages: [user('hi')], n: 2 };
    const plain = await openai().chat.completions.create(body);
    const helper = openai().chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const final = await helper.finalChatCompletion();
    expect(final.choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual(
      plain.choices.map(({ message, finish_reason }) => [message.content, finish_reason]),
    );
    expect(final.usage).toEqual(plain.usage);
  });

  test('bounded: the answer ends at its bound', async () => {
    for (const bound of [{ max_tokens: 5 }, { max_completion_tokens: 5 }]) {
      const answer = await openai().chat.completions.create({ model: 'mock-large', messages: [user('hi')], ...bound });
      expect(answer.usage?.completion_tokens).toBe(5);
      expect(mockTokens(answer.choices[0]?.message.content ?? '')).toBe(5);
      expect(answer.choices[0]?.finish_reason).toBe('length');
    }
  });

  const tools: OpenAI.ChatCompletionTool[] = [
    { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } },
    {
      type: 'function',
      function: {
        name: 'get_weather',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 }, unit: { enum: ['c', 'f'] } },
          required: ['city'],
        },
      },
    },
  ];

  test('with a tool call when the user names a tool, and with text after its result', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [user('Call get_weather for me.')];
    const body = { model: 'mock-small', messages, tools };
    const plain = await openai().chat.completions.create(body);
    const [call] = plain.choices[0]?.message.tool_calls ?? [];
    expect(plain.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } });
    const called = call?.type === 'function' ? JSON.parse(call.function.arguments) : null;
    expect(called).toEqual({ city: 'example city', days: 2, unit: 'c' });
    const streamed = await openai().chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'get_weather' } }]);
    const result = { role: 'tool', tool_call_id: call?.id ?? '', content: '17 degrees' } as const;
    const after = await openai().chat.completions.create({ ...body, messages: [...messages, result] });
    expect(after.choices[0]?.message.tool_calls).toBeUndefined();
  });

  test('with the tool that is demanded, and with none that is forbidden', async () => {
    const ask = async (tool_choice: OpenAI.ChatCompletionToolChoiceOption) => {
      const messages = [user('Say get_weather.')];
      const answer = await openai().chat.completions.create({ model: 'mock-small', messages, tools, tool_choice });
      return answer.choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.name);
    };
    expect(await ask({ type: 'function', function: { name: 'get_time' } })).toEqual(['get_time']);
    expect(await ask('required')).toEqual(['get_weather']);
    expect(await ask('none')).toBeUndefined();
  });

  test('with JSON that fits the schema that was asked for', async () => {
    const schema = { type: 'object', properties: { steps: { type: 'array', items: { $ref: '#/$defs/step' } } } };
    const $defs = { step: { type: 'object', properties: { at: { type: 'string', format: 'date' } } } };
    const answer = await openai().chat.completions.create({
      model: 'mock-small',
      messages: [user('plan')],
      response_format: { type: 'json_schema', json_schema: { name: 'plan', schema: { ...schema, $defs } } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ steps: [{ at: '2025-01-15' }] });
  });
});

describe('the official OpenAI client reads responses', () => {
  test('plain and streamed alike', async () => {
    const body = { model: 'mock-small', input: 'hi' };
    const plain = await openai().responses.create(body);
    expect(plain.status).toBe('completed');
    expect(plain.usage).toMatchObject({ input_tokens: 1, output_tokens: mockTokens(plain.output_text) });
    const streamed = await openai().responses.stream(body).finalResponse();
    expect(streamed.output_text).toBe(plain.output_text);
    expect(streamed.usage).toEqual(plain.usage);
  });

  test('incomplete at the bound, and with tool calls', async () => {
    const cut = await openai()
      .responses.stream({ model: 'mock-large', input: 'hi', max_output_tokens: 16 })
      .finalResponse();
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(cut.usage?.output_tokens).toBe(16);
    const parameters = { type: 'object', properties: { query: { type: 'string' } } };
    const tools = [{ type: 'function' as const, name: 'search', parameters, strict: false }];
    for (const ask of [
      () => openai().responses.create({ model: 'mock-small', input: 'search it', tools }),
      () => openai().responses.stream({ model: 'mock-small', input: 'search it', tools }).finalResponse(),
    ]) {
      const { output } = await ask();
      expect(output).toMatchObject([{ type: 'function_call', name: 'search', arguments: '{"query":"example query"}' }]);
    }
  });
});

describe('the official Anthropic client reads messages', () => {
  const body = { model: 'mock-small', max_tokens: 1_000, messages: [user('hi')] };
  const textOf = (message: Anthropic.Message) => message.content.map((part) => (part.type === 'text' ? part.text : ''));

  test('plain and streamed alike', async () => {
    const plain = await anthropic().messages.create(body);
    expect(plain.stop_reason).toBe('end_turn');
    expect(plain.usage).toMatchObject({ input_tokens: 1, output_tokens: mockTokens(textOf(plain).join('')) });
    const streamed = await anthropic().messages.stream(body).finalMessage();
    expect(textOf(streamed)).toEqual(textOf(plain));
    expect(streamed.usage.output_tokens).toBe(plain.usage.output_tokens);
    expect(streamed.stop_reason).toBe('end_turn');
  });

  test('bounded, and with tool calls', async () => {
    const cut = await anthropic()
      .messages.stream({ ...body, max_tokens: 7 })
      .finalMessage();
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 7 } });
    const input_schema = { type: 'object' as const, properties: { query: { type: 'string' } } };
    const asking = { ...body, messages: [user('use search')], tools: [{ name: 'search', input_schema }] };
    const plain = await anthropic().messages.create(asking);
    const streamed = await anthropic().messages.stream(asking).finalMessage();
    for (const message of [plain, streamed]) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content).toMatchObject([{ type: 'tool_use', name: 'search', input: { query: 'example query' } }]);
    }
    const result: Anthropic.MessageParam = {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'search found nothing' }],
    };
    const after = await anthropic().messages.create({ ...asking, messages: [...asking.messages, result] });
    expect(after.stop_reason).toBe('end_turn');
  });
});

test('the official OpenAI client reads embeddings in both encodings, the same vector for the same text', async () => {
  const ask = (input: string | string[], more: { encoding_format?: 'float'; dimensions?: number } = {}) =>
    openai().embeddings.create({ model: 'mock-embedding', input, ...more });
  const packed = await ask('hello');
  const plain = await ask('hello', { encoding_format: 'float' });
  expect(packed.data[0]?.embedding).toHaveLength(256);
  for (const [at, value] of packed.data[0]?.embedding.entries() ?? []) {
    expect(value).toBeCloseTo(plain.data[0]?.embedding[at] ?? 9, 6);
  }
  const several = await ask(['hello', 'other'], { dimensions: 8 });
  expect(several.data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
  expect(several.data[0]?.embedding).not.toEqual(several.data[1]?.embedding);
  expect(Math.hypot(...(several.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  expect(packed.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
});

describe('the models do what they are for', () => {
  const chat = (model: string, more: JsonObject = {}) => open('chat', { model, messages: [user('hi')], ...more });
  const said = async (model: string) => (await bodyOf(await chat(model))).choices[0].message.content as string;

  test('personal data, invented facts', async () => {
    expect(await said('mock-pii')).toMatch(/jane\.example@example\.com.*4111 1111 1111 1111/);
    expect(await said('mock-ungrounded')).toContain('According to the documents');
    expect(await said('mock-unknown-price')).not.toBe('');
    expect((await said('mock-large')).length).toBeGreaterThan(3 * (await said('mock-small')).length);
  });

  test('errors, in the form of the wire', async () => {
    const limited = await chat('mock-rate-limited');
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '2']);
    expect(await bodyOf(limited)).toMatchObject({ error: { type: 'rate_limit_error' } });
    const failed = await open('messages', { model: 'mock-error-500', max_tokens: 9, messages: [user('hi')] });
    expect(failed.status).toBe(500);
    expect(await bodyOf(failed)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    const unknown = await chat('mock-nothing');
    expect(unknown.status).toBe(404);
    expect((await bodyOf(unknown)).error.message).toContain('mock-small');
    expect((await chat('mock-embedding')).status).toBe(404);
    expect((await open('embeddings', { model: 'mock-small', input: 'x' })).status).toBe(404);
    expect((await chat('mock-small', { n: 0 })).status).toBe(400);
  });

  test('a stream that is cut has no end and no usage, and its body fails', async () => {
    for (const wire of ['chat', 'responses', 'messages'] as const) {
      const prompt = { chat: {}, responses: { input: 'hi' }, messages: { max_tokens: 99 } }[wire];
      const asked = { model: 'mock-stream-cut', stream: true, messages: [user('hi')], ...prompt };
      const { body } = await open(wire, asked);
      const splitter = new SseSplitter();
      const reader = wires[wire].streamReader(wires[wire].readRequest(asked));
      let text = '';
      const reading = async () => {
        for await (const chunk of body) {
          for (const event of splitter.push(chunk)) {
            const read = reader.read(event);
            expect(read.done).toBe(false);
            text += read.text;
          }
        }
      };
      await expect(reading()).rejects.toBeInstanceOf(UpstreamFailure);
      expect(text).not.toBe('');
    }
  });

  test('a loop goes on at its pace until its bound', async () => {
    const { body } = await chat('mock-loop', { stream: true, max_tokens: 60, stream_options: { include_usage: true } });
    const from = performance.now();
    const text = (await buffer(body)).toString();
    expect(performance.now() - from).toBeGreaterThan(400);
    expect(text).toContain('"finish_reason":"length"');
    expect(text).toContain('"completion_tokens":60');
    const plain = await bodyOf(await chat('mock-loop', { max_tokens: 12 }));
    expect(plain.usage.completion_tokens).toBe(12);
  });

  test('what the gateway reads of a stream is what the provider counts', async () => {
    for (const wire of ['chat', 'responses', 'messages'] as const) {
      const prompt = { chat: {}, responses: { input: 'hi' }, messages: { max_tokens: 999 } }[wire];
      const asked = {
        ...{ model: 'mock-small', stream: true, messages: [user('hi')] },
        ...(wire === 'chat' && { stream_options: { include_usage: true } }),
        ...prompt,
      };
      const { body } = await open(wire, asked);
      const reader = wires[wire].streamReader(wires[wire].readRequest(asked));
      const events = new SseSplitter().push(await buffer(body)).map((event) => reader.read(event));
      const usage = events.findLast((event) => event.usage)?.usage;
      expect(usage?.output_tokens).toBe(mockTokens(events.map((event) => event.text).join('')));
      expect(events.filter((event) => event.done)).toEqual([events.at(-1)]);
    }
  });
});
