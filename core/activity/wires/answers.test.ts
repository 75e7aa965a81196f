import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { StreamEvent, WireName } from './define.ts';
import { wires } from './index.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/wires/${name}`, import.meta.url), 'utf8');

function answer(wire: WireName, name: string) {
  const { body, source } = JSON.parse(fixture(name)) as { body: JsonObject; source: string };
  expect(source).not.toBe('');
  return wires[wire].readAnswer(body);
}

const requests: Record<string, JsonObject> = {
  chat: { model: 'm', messages: [], stream: true },
  responses: { model: 'm', input: '', stream: true },
  messages: { model: 'm', messages: [], stream: true, max_tokens: 1 },
};

/** The events of a stream as its reader understands them, one for each block of the text. */
function stream(wire: WireName, text: string, more: JsonObject = {}): StreamEvent[] {
  const reader = wires[wire].streamReader(wires[wire].readRequest({ ...requests[wire], ...more }));
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const fieldOf = (field: string) => lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
      return reader.read({ event: fieldOf('event'), data: fieldOf('data') ?? '' });
    });
}

const said = (events: StreamEvent[]) => events.map((event) => event.text).join('');
const lastUsage = (events: StreamEvent[]) => events.findLast((event) => event.usage)?.usage;
const data = (value: unknown, event?: string) =>
  `${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(value)}\n\n`;

describe('a finished answer gives its usage and its text', () => {
  test('chat: content, several choices, tool calls, a refusal', () => {
    const plain = answer('chat', 'chat-plain.json');
    expect(plain.usage).toMatchObject({ input_tokens: 14, output_tokens: 37 });
    expect(plain.text).toMatch(/^I'm unable to provide real-time.*news station\.$/);
    const choices = answer('chat', 'chat-choices.json');
    expect(choices.text.match(/San Francisco/g)).toHaveLength(3);
    expect(choices.usage?.output_tokens).toBe(44);
    expect(answer('chat', 'chat-tool.json').text).toBe(
      'GetWeatherArgs{"city": "Edinburgh", "country": "GB", "units": "c"}get_stock_price{"ticker": "AAPL", "exchange": "NASDAQ"}',
    );
    expect(answer('chat', 'chat-refusal.json').text).toBe("I'm very sorry, but I can't assist with that.");
    expect(answer('chat', 'chat-error.json')).toEqual({ usage: null, text: '' });
  });

  test('responses, messages and embeddings', () => {
    expect(answer('responses', 'responses-plain.json')).toMatchObject({
      usage: { input_tokens: 14, output_tokens: 50 },
    });
    expect(answer('responses', 'responses-plain.json').text).toMatch(/^I can't provide/);
    expect(answer('responses', 'responses-tool.json').text).toBe(
      'get_current_weather{"location":"Boston, MA","unit":"celsius"}',
    );
    expect(answer('messages', 'messages-plain.json')).toMatchObject({
      usage: { input_tokens: 2095, output_tokens: 503 },
      text: 'Hi! My name is Claude.',
    });
    expect(answer('messages', 'messages-tool.json').text).toBe(
      `I'll check the current weather in Paris for you.get_weather{"location":"Paris"}`,
    );
    expect(answer('messages', 'messages-error.json')).toEqual({ usage: null, text: '' });
    for (const name of ['embeddings-plain.json', 'embeddings-base64.json']) {
      expect(answer('embeddings', name)).toMatchObject({ usage: { input_tokens: 1, output_tokens: 0 }, text: '' });
    }
  });
});

describe('a chat stream', () => {
  test('gives text, usage and its end; the usage chunk is hidden from a caller who did not ask', () => {
    const events = stream('chat', fixture('chat-stream.sse'));
    expect(said(events)).toBe(
      "I'm unable to provide real-time weather updates. To get the current weather in San Francisco, I recommend checking a reliable weather website or a weather app.",
    );
    expect(lastUsage(events)).toMatchObject({ input_tokens: 14, output_tokens: 30 });
    expect(events.filter((event) => !event.forward)).toHaveLength(1);
    expect(events.at(-2)?.forward).toBe(false);
    expect(events.filter((event) => event.done)).toEqual([events.at(-1)]);
    expect(events.some((event) => event.failed)).toBe(false);
    const asked = stream('chat', fixture('chat-stream.sse'), { stream_options: { include_usage: true } });
    expect(asked.every((event) => event.forward)).toBe(true);
  });

  test('gives tool calls, reasoning, refusals and function calls as text', () => {
    const tool = stream('chat', fixture('chat-stream-tool.sse'));
    expect(said(tool)).toBe('GetWeatherArgs{"city":"Edinburgh","country":"UK","units":"c"}');
    expect(lastUsage(tool)?.output_tokens).toBe(24);
    const deltas = [
      { reasoning_content: 'think ' },
      { reasoning: 'more ', reasoning_details: [{ text: 'more ' }] },
      { content: 'say ' },
      { refusal: 'no ' },
      { function_call: { name: 'f', arguments: '{}' } },
      {},
    ];
    const chunks = deltas.map((delta) =>
      data({
        choices: [
          { index: 0, delta },
          { index: 1, delta: { content: '|' } },
        ],
      }),
    );
    expect(said(stream('chat', chunks.join('')))).toBe('think |more |say |no |f{}||');
  });

  test('forwards a content chunk that carries usage, and a chunk whose usage is null', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 1 };
    const events = stream(
      'chat',
      data({ choices: [], prompt_filter_results: [] }) +
        data({ choices: [{ index: 0, delta: { content: 'x' } }], usage: null }) +
        data({ choices: [{ index: 0, delta: {} }], usage }),
    );
    expect(events.map((event) => event.forward)).toEqual([true, true, true]);
    expect(events.map((event) => event.usage?.output_tokens)).toEqual([undefined, undefined, 1]);
    expect(events.at(-1)).toMatchObject({ usage: { input_tokens: 3 }, done: false });
  });

  test('has finished when each of its choices has, whatever empty chunks follow', () => {
    const reader = wires.chat.streamReader(wires.chat.readRequest({ ...requests.chat }));
    const after = (...choices: object[]) => {
      reader.read({ event: undefined, data: JSON.stringify({ choices }) });
      return reader.all_finished;
    };
    expect(reader.all_finished).toBe(false);
    expect(after()).toBe(false);
    expect(after({ index: 0, delta: { content: 'a' }, finish_reason: null }, { index: 1, delta: {} })).toBe(false);
    expect(after({ index: 0, delta: {}, finish_reason: 'stop' })).toBe(false);
    expect(after({ index: 1, delta: {}, finish_reason: '' })).toBe(false);
    expect(after({ index: 1, delta: {}, finish_reason: 'length' })).toBe(true);
    expect(after({ index: 0, delta: {}, finish_reason: null })).toBe(true);
    expect(after()).toBe(true);
  });

  test('without its [DONE] has no end, and an error in it has failed', () => {
    const cut = fixture('chat-stream.sse').replace('data: [DONE]\n\n', '');
    expect(stream('chat', cut).some((event) => event.done)).toBe(false);
    const [failed] = stream('chat', data({ error: { message: 'overloaded', code: 503 } }));
    expect(failed?.error_status).toBe(503);
    const statusOf = (error: object) => stream('chat', data({ error }))[0]?.error_status;
    expect(statusOf({ type: 'overloaded_error', message: 'Overloaded' })).toBe(529);
    expect(statusOf({ type: 'tokens', code: 'rate_limit_exceeded' })).toBe(429);
    expect(statusOf({ type: 'invalid_request_error', code: null })).toBeUndefined();
    expect(statusOf({ type: 'server_error', code: 1301 })).toBeUndefined();
    expect(failed).toMatchObject({ failed: true, done: false, forward: true });
  });
});

describe('a responses stream', () => {
  test('gives text, usage and its end', () => {
    const events = stream('responses', fixture('responses-stream.sse'));
    expect(said(events)).toBe('Hi there! How can I assist you today?');
    expect(lastUsage(events)).toMatchObject({ input_tokens: 37, output_tokens: 11 });
    expect(events.filter((event) => event.done)).toEqual([events.at(-1)]);
  });

  test('gives reasoning, refusals, arguments and code as text, and no sound', () => {
    const typed = (type: string, delta: string) => data({ type, delta, sequence_number: 1 }, type);
    const events = stream(
      'responses',
      data({ type: 'response.output_item.added', item: { type: 'function_call', name: 'f', arguments: '' } }) +
        typed('response.function_call_arguments.delta', '{}') +
        typed('response.reasoning_summary_text.delta', ' a') +
        typed('response.reasoning_text.delta', ' b') +
        typed('response.refusal.delta', ' c') +
        typed('response.code_interpreter_call_code.delta', ' d') +
        typed('response.audio.delta', 'UklGRg==') +
        data({ type: 'response.function_call_arguments.done', arguments: '{}' }),
    );
    expect(said(events)).toBe('f{} a b c d');
  });

  test('that fails or ends early says so, with its usage', () => {
    const events = stream('responses', fixture('responses-stream-failed.sse'));
    expect(events.slice(-2).map((event) => event.failed)).toEqual([true, true]);
    expect(events.some((event) => event.done)).toBe(false);
    const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7 };
    const [incomplete] = stream(
      'responses',
      data({ type: 'response.incomplete', response: { status: 'incomplete', usage } }),
    );
    expect(incomplete).toMatchObject({ done: true, failed: false, usage: { output_tokens: 2 } });
    const [failed] = stream('responses', data({ type: 'response.failed', response: { usage } }));
    expect(failed).toMatchObject({ done: false, failed: true, usage: { input_tokens: 5 } });
  });
});

describe('a messages stream', () => {
  test('gives text, usage over its events, and its end', () => {
    const events = stream('messages', fixture('messages-stream.sse'));
    expect(said(events)).toBe('Hello there!');
    expect(events.map((event) => event.usage?.output_tokens).filter((n) => n !== undefined)).toEqual([1, 6]);
    expect(lastUsage(events)).toMatchObject({ input_tokens: 11, output_tokens: 6 });
    expect(events.filter((event) => event.done)).toEqual([events.at(-1)]);
    expect(events.every((event) => event.forward)).toBe(true);
  });

  test('gives tool input and thinking as text, no signatures', () => {
    const tool = stream('messages', fixture('messages-stream-tool.sse'));
    expect(said(tool)).toBe(`I'll check the current weather in Paris for you.get_weather{"location": "Paris"}`);
    expect(lastUsage(tool)).toMatchObject({ input_tokens: 377, output_tokens: 65 });
    const delta = (value: object) =>
      data({ type: 'content_block_delta', index: 0, delta: value }, 'content_block_delta');
    const thinking =
      delta({ type: 'thinking_delta', thinking: 'hm' }) + delta({ type: 'signature_delta', signature: 'EqQB' });
    expect(said(stream('messages', thinking))).toBe('hm');
  });

  test('counts what the cache gave and took', () => {
    const usage = {
      input_tokens: 3,
      cache_creation_input_tokens: 100,
      cache_read_input_tokens: 2000,
      output_tokens: 1,
    };
    const events = stream(
      'messages',
      data({ type: 'message_start', message: { usage } }) +
        data({ type: 'message_delta', delta: {}, usage: { output_tokens: 40, cache_read_input_tokens: null } }),
    );
    expect(lastUsage(events)).toMatchObject({
      input_tokens: 2103,
      output_tokens: 40,
      cached_input_tokens: 2000,
      cache_write_tokens: 100,
    });
  });

  test('with an error has failed', () => {
    const events = stream('messages', fixture('messages-stream-error.sse'));
    expect(events.at(-1)?.error_status).toBe(529);
    expect(events.at(-1)).toMatchObject({ failed: true, done: false, forward: true });
    expect(said(events)).toBe('Hello there!');
  });
});

test('what cannot be read is forwarded and says nothing', () => {
  const odd = [': ping', 'data: {"broken', 'data: null', 'data: 7', 'data: "x"', 'data: []', 'event: y', 'data: {}'];
  for (const wire of ['chat', 'responses', 'messages'] as const) {
    for (const event of stream(wire, odd.map((block) => `${block}\n\n`).join(''))) {
      expect(event).toEqual({ text: '', forward: true, done: false, failed: false });
    }
  }
});
