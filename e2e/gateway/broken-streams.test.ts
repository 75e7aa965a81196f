import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider, waitFor } from '../parts/client.ts';
import { type WireName, wire_names } from '../parts/gateway.ts';
import { agentWith, gateway, open, readAll, settledRecord, withGateway } from './stream-parts.ts';

withGateway();

/** How the streams of a wire begin, what says a word in them, and what ends them. */
const event = (data: object) =>
  `${'type' in data ? `event: ${String(data.type)}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', status: 'in_progress', output: [] };
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null };
const responses_delta = {
  ...{ type: 'response.output_text.delta', sequence_number: 2, item_id: 'msg_1', output_index: 0, content_index: 0 },
  ...{ delta: ' the', logprobs: [] },
};
const streams: Record<WireName, { begin: string; word: string; end: string }> = {
  chat: {
    begin: event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [] }),
    word: event({ id: 'c', choices: [{ index: 0, delta: { content: ' the' }, finish_reason: null }] }),
    end: 'data: [DONE]\n\n',
  },
  responses: {
    begin:
      event({ type: 'response.created', sequence_number: 0, response }) +
      event({
        ...{ type: 'response.output_item.added', sequence_number: 1, output_index: 0 },
        item: { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] },
      }) +
      event({
        ...{ type: 'response.content_part.added', sequence_number: 1, item_id: 'msg_1', output_index: 0 },
        ...{ content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
      }),
    word: event(responses_delta),
    end: event({ type: 'response.completed', sequence_number: 3, response: { ...response, status: 'completed' } }),
  },
  messages: {
    begin:
      event({ type: 'message_start', message: { ...message, usage: { input_tokens: 5, output_tokens: 1 } } }) +
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    word: event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' the' } }),
    end: event({ type: 'message_stop' }),
  },
};

const wireAt = (path: string): WireName =>
  path.endsWith('/responses') ? 'responses' : path.endsWith('/messages') ? 'messages' : 'chat';

/** A provider whose model names say how its stream ends. */
const scripts: Record<string, (answer: ServerResponse, wire: WireName) => void> = {
  /** In the middle of the JSON of an event. */
  'in-json': (answer, wire) => {
    const { begin, word } = streams[wire];
    answer.end(begin + word + word.slice(0, word.indexOf('the')));
  },
  /** Between the end of a line and the blank line after it. */
  'without-blank-line': (answer, wire) => {
    const { begin, word, end } = streams[wire];
    answer.end(begin + word + end.slice(0, -1));
  },
  'without-line-end': (answer, wire) => {
    const { begin, word, end } = streams[wire];
    answer.end(begin + word + end.slice(0, -2));
  },
  /** The last word is whole, and nothing says that it was the last. */
  'without-end': (answer, wire) => {
    const { begin, word } = streams[wire];
    answer.end(begin + word.slice(0, -2));
  },
};

const choices = (...of: [index: number, delta: object, finish_reason: string | null][]) =>
  event({ id: 'c', choices: of.map(([index, delta, finish_reason]) => ({ index, delta, finish_reason })) });
const usage = event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 } });
const said_twice = choices([0, { content: ' the' }, null]) + choices([1, { content: ' the' }, null]);
Object.assign(scripts, {
  /** Chats that end without `[DONE]`: every answer has said why it ended, or one has not. */
  'all-finished': (answer) => {
    answer.end(`${said_twice}${choices([1, {}, 'length'])}${choices([0, {}, 'stop'])}${usage}`);
  },
  'one-finished': (answer) => {
    answer.end(`${said_twice}${choices([1, {}, 'length'])}${usage}`);
  },
  /** The last word is said, and the connection stays open, or is closed by itself a moment later. */
  open: (answer, wire) => {
    const { begin, word, end } = streams[wire];
    held_open = answer;
    answer.write(begin + word + end);
  },
  'late-close': (answer, wire) => {
    const { begin, word, end } = streams[wire];
    answer.write(begin + word + end);
    setTimeout(() => answer.end(), 50);
  },
} satisfies typeof scripts);
let held_open: ServerResponse | undefined;

let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await scriptedProvider((answer, { path, body }) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    scripts[(JSON.parse(body) as { model: string }).model]?.(answer, wireAt(path));
  });
  const { url } = provider;
  await addProvider(gateway.admin, { slug: 'ends', kind: 'openai', base_url: `${url}/v1`, secret: 'sk-own' });
  await addProvider(gateway.admin, { slug: 'ends-claude', kind: 'anthropic', base_url: url, secret: 'sk-own' });
});
afterAll(() => provider?.close());

const ask = async (wire: WireName, model: string) => {
  const { agent } = await agentWith(10_000);
  return open(wire, {}, agent, { more: { model: `${wire === 'messages' ? 'ends-claude' : 'ends'}/${model}` } });
};

describe.each(wire_names)('a stream on %s that the provider ends', (wire) => {
  test('in the middle of an event is an error of its wire, and the broken event is not passed on', async () => {
    const { texts, run_id } = await ask(wire, 'in-json');
    const read: string[] = [];
    const reading = (async () => {
      for await (const text of texts) read.push(text);
    })();
    const error = await reading.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(wire === 'messages' ? Anthropic.APIError : OpenAI.APIError);
    expect(String(error)).toContain('before the answer was complete');
    expect(read).toEqual([' the']);
    const record = await settledRecord(run_id);
    expect(record).toMatchObject({ execution_status: 'failed', usage_source: 'estimated', output: 1 });
  });

  test.each(['without-blank-line', 'without-line-end'])('%s after its last event is whole', async (model) => {
    const read = await readAll(await ask(wire, model));
    expect(read).toMatchObject({ text: ' the', error: null });
    expect(await settledRecord(read.run_id)).toMatchObject({ execution_status: 'succeeded', output: 1 });
  });

  test('after a whole event that is not its last one is an error, and that event is passed on', async () => {
    const read = await readAll(await ask(wire, 'without-end'));
    expect(read).toMatchObject({ text: ' the', error: { code: 'provider_unreachable' } });
    expect(await settledRecord(read.run_id)).toMatchObject({ execution_status: 'failed', output: 1 });
  });
});

describe.each(wire_names)('the last word of a stream on %s', (wire) => {
  test('is passed on while its provider keeps the connection open, which is closed soon after', async () => {
    const read = await readAll(await ask(wire, 'open'));
    expect(held_open?.destroyed).toBe(false);
    expect(read).toMatchObject({ text: ' the', error: null });
    expect(await settledRecord(read.run_id)).toMatchObject({ execution_status: 'succeeded' });
    await waitFor(() => held_open?.destroyed, { what: 'the end of the connection' });
  });

  test('leaves the connection to be used again when its provider ends the answer', async () => {
    const before = provider.sockets.size;
    for (let n = 0; n < 5; n++) {
      expect(await readAll(await ask(wire, 'late-close'))).toMatchObject({ text: ' the', error: null });
      await sleep(150);
    }
    // Else each of the last four needs another one; a busy machine may free one or another too late.
    expect(provider.sockets.size - before).toBeLessThanOrEqual(2);
  });
});

describe('a chat that its provider ends without [DONE]', () => {
  test('is whole when each of its answers has said why it ended, at the usage that was reported', async () => {
    const read = await readAll(await ask('chat', 'all-finished'));
    expect(read.error).toBeNull();
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({ execution_status: 'succeeded', usage_source: 'provider', output: 9 });
    expect(await gateway.rows('select from incidents where source_run_id = $1', [read.run_id])).toEqual([]);
  });

  test('is broken off when one of them has not', async () => {
    const read = await readAll(await ask('chat', 'one-finished'));
    expect(read.error).toMatchObject({ code: 'provider_unreachable' });
    expect(await settledRecord(read.run_id)).toMatchObject({ execution_status: 'failed' });
  });
});
