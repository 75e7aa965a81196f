import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { collect } from '../../e2e/parts/client.ts';
import { type StubProvider, startStubProvider } from './stub-provider.ts';

let stub: StubProvider;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  stub = await startStubProvider();
  openai = new OpenAI({ baseURL: stub.url, apiKey: 'sk-stub', maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: stub.origin, apiKey: 'sk-stub', authToken: null, maxRetries: 0 });
});
afterAll(() => stub.close());

const say = (directive: object) => [{ role: 'user' as const, content: `Hello. stub: ${JSON.stringify(directive)}` }];
const chat = (directive: object) => openai.chat.completions.create({ model: 'gpt-4o', messages: say(directive) });
const chatStream = (directive: object) =>
  openai.chat.completions.create({ model: 'gpt-4o', messages: say(directive), stream: true });
const message = (directive: object) =>
  anthropic.messages.create({ model: 'claude', max_tokens: 50, messages: say(directive) });
const last = () => stub.bill().lines.at(-1);

describe('errors are the provider’s own, and free', () => {
  test('as the official clients name them', async () => {
    await expect(chat({ error: 500 })).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await expect(chat({ error: 429 })).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    await expect(chat({ error: 400 })).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
    await expect(message({ error: 500 })).rejects.toMatchObject({ status: 500, type: 'api_error' });
    await expect(message({ error: 429 })).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    await expect(message({ error: 529 })).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(last()).toMatchObject({ outcome: 'error', input_tokens: 0, output_tokens: 0 });
  });

  test('a client’s own retry gets through after error_times failures, and each attempt has its line', async () => {
    const before = stub.bill().requests;
    const patient = new OpenAI({ baseURL: stub.url, apiKey: 'x', maxRetries: 2 });
    const asked = { model: 'gpt-4o', messages: say({ error: 500, error_times: 2, output_tokens: 4 }) };
    const made = await patient.chat.completions.create(asked);
    expect(made.usage?.completion_tokens).toBe(4);
    const outcomes = stub
      .bill()
      .lines.slice(before)
      .map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['error', 'error', 'complete']);
  });

  test('a directive with a typo is refused with its name', async () => {
    await expect(chat({ output_token: 3 })).rejects.toThrow(/output_token/);
    expect(() => stub.set(JSON.parse('{"delay": 3}'))).toThrow(/delay/);
  });

  test('requests that a provider refuses are refused', async () => {
    const post = (path: string, body: object) =>
      fetch(`${stub.origin}${path}`, { method: 'POST', body: JSON.stringify(body) });
    const messages = [{ role: 'user', content: 'x' }];
    expect((await post('/v1/messages', { model: 'claude', messages })).status).toBe(400);
    expect((await post('/v1/chat/completions', { messages })).status).toBe(400);
    expect((await post('/v1/chat/completions', { model: 'x', messages, max_tokens: 0 })).status).toBe(400);
    expect((await post('/v1/nothing', {})).status).toBe(404);
  });
});

describe('a stream that does not end', () => {
  test('left by the client: billed for what was delivered, logged as closed by the client', async () => {
    const stream = await chatStream({ output_tokens: 200, chunk_delay_ms: 5, input_tokens: 11 });
    let read = 0;
    for await (const event of stream) {
      if (event.choices[0]?.delta.content) read += 1;
      if (read === 20) break;
    }
    const left_at = performance.timeOrigin + performance.now();
    await sleep(100);
    const line = last();
    expect(line).toMatchObject({ outcome: 'cut', input_tokens: 11, usage_sent: false });
    expect(line?.output_tokens).toBeGreaterThanOrEqual(20);
    expect(line?.output_tokens).toBeLessThan(40);
    const entry = stub.log.at(-1);
    expect(entry).toMatchObject({ id: line?.id, closed_by: 'client' });
    expect((entry?.closed_at ?? 0) - left_at).toBeLessThan(100);
    expect(entry?.first_byte_at).toBeGreaterThanOrEqual(entry?.started_at ?? Infinity);
  });

  test('reset by the provider: everything before the reset was read and billed', async () => {
    let read = 0;
    const reading = (async () => {
      for await (const event of await chatStream({ output_tokens: 50, reset_after_chunks: 7 })) {
        if (event.choices[0]?.delta.content) read += 1;
      }
    })();
    await expect(reading).rejects.toThrow();
    expect(read).toBe(7);
    expect(last()).toMatchObject({ outcome: 'cut', output_tokens: 7 });
    expect(stub.log.at(-1)?.closed_by).toBe('server');
  });

  test('broken by the provider’s error event, on every wire', async () => {
    const directive = { output_tokens: 9, error_after_chunks: 2 };
    await expect(collect(await chatStream(directive))).rejects.toThrow();
    const events = await openai.responses.create({ model: 'gpt-4o', input: say(directive), stream: true });
    expect((await collect(events)).at(-1)).toMatchObject({ type: 'error', code: 'server_error' });
    const asked = { model: 'claude', max_tokens: 50, messages: say(directive) };
    await expect(anthropic.messages.stream(asked).finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
    expect(last()).toMatchObject({ outcome: 'error', output_tokens: 2 });
  });

  test('stalled: open until the client gives up', async () => {
    const stop = new AbortController();
    const asked = { model: 'gpt-4o', messages: say({ stall_after_chunks: 3 }), stream: true as const };
    const reading = collect(await openai.chat.completions.create(asked, { signal: stop.signal }));
    await sleep(60);
    expect(stub.log.at(-1)?.closed_at).toBeNull();
    stop.abort();
    expect((await reading).length).toBe(4);
    await sleep(30);
    expect(stub.log.at(-1)?.closed_by).toBe('client');
  });
});

test('a plain answer is billed whole when the client leaves before it, or when it is reset', async () => {
  const stop = new AbortController();
  const asked = { model: 'gpt-4o', messages: say({ delay_ms: 5_000, output_tokens: 6, input_tokens: 4 }) };
  const asking = openai.chat.completions.create(asked, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await expect(asking).rejects.toThrow();
  await expect.poll(() => stub.log.at(-1)?.closed_by).toBe('client');
  expect(last()).toMatchObject({ outcome: 'cut', input_tokens: 4, output_tokens: 6, usage_sent: false });
  for (const reset_after_chunks of [0, 1]) {
    await expect(chat({ reset_after_chunks, output_tokens: 6 })).rejects.toThrow();
    expect(last()).toMatchObject({ outcome: 'cut', output_tokens: 6 });
  }
});

test('over any mixture of calls, the sum of the usages seen is the bill', async () => {
  const call = fc.record({
    wire: fc.constantFrom('chat', 'responses', 'messages'),
    stream: fc.boolean(),
    bound: fc.integer({ min: 16, max: 60 }),
    directive: fc.record(
      { output_tokens: fc.nat(80), chunk_tokens: fc.integer({ min: 1, max: 9 }) },
      { requiredKeys: [] },
    ),
  });
  const ask = async ({ wire, stream, bound, directive }: typeof call extends fc.Arbitrary<infer C> ? C : never) => {
    const content = say(directive);
    if (wire === 'chat') {
      const asked = { model: 'gpt-4o', messages: content, max_completion_tokens: bound };
      const made = stream
        ? await openai.chat.completions
            .stream({ ...asked, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : await openai.chat.completions.create(asked);
      return [made.usage?.prompt_tokens ?? NaN, made.usage?.completion_tokens ?? NaN];
    }
    if (wire === 'responses') {
      const asked = { model: 'gpt-4o', input: content, max_output_tokens: bound };
      const made = stream ? await openai.responses.stream(asked).finalResponse() : await openai.responses.create(asked);
      return [made.usage?.input_tokens ?? NaN, made.usage?.output_tokens ?? NaN];
    }
    const asked = { model: 'claude', messages: content, max_tokens: bound };
    const made = stream
      ? await anthropic.messages.stream(asked).finalMessage()
      : await anthropic.messages.create(asked);
    return [made.usage.input_tokens, made.usage.output_tokens];
  };
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
      const before = stub.bill();
      const seen = await Promise.all(calls.map(ask));
      const after = stub.bill();
      const total = (at: number) => seen.reduce((sum, counts) => sum + (counts[at] ?? NaN), 0);
      expect(after.requests - before.requests).toBe(calls.length);
      expect(after.input_tokens - before.input_tokens).toBe(total(0));
      expect(after.output_tokens - before.output_tokens).toBe(total(1));
    }),
    { numRuns: 25 },
  );
});

test('as a program, its books are read and its profile is set over HTTP', async () => {
  const script = new URL('./stub-provider.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  const url = /http:\S+/.exec(String(said))?.[0] ?? '';
  const origin = url.replace('/v1', '');
  const set = await fetch(`${origin}/__profile`, { method: 'POST', body: '{"output_tokens": 3}' });
  expect(set.status).toBe(200);
  const client = new OpenAI({ baseURL: url, apiKey: 'sk-stub' });
  await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
  const bill = await fetch(`${origin}/__bill`).then((answer) => answer.json());
  expect(bill).toMatchObject({ requests: 1, output_tokens: 3, by_model: { 'gpt-4o': { requests: 1 } } });
  expect(await fetch(`${origin}/__log`).then((answer) => answer.json())).toHaveLength(1);
  const models = await collect(client.models.list());
  expect(models.map(({ id }) => id)).toContain('gpt-4o');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});
