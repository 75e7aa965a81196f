import Anthropic from '@anthropic-ai/sdk';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../e2e/parts/client.ts';
import { type StubProvider, startStubProvider } from './stub-provider.ts';

let stub: StubProvider;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  stub = await startStubProvider({ seed: 7 });
  openai = new OpenAI({ baseURL: stub.url, apiKey: 'sk-stub' });
  anthropic = new Anthropic({ baseURL: stub.origin, apiKey: 'sk-stub', authToken: null });
});
beforeEach(() => stub.set({}));
afterAll(() => stub.close());

const say = (directive: object, words = 'Hello.') => [
  { role: 'user' as const, content: `${words} stub: ${JSON.stringify(directive)} Thank you.` },
];
const line = (id: string) => stub.bill().lines.find((each) => each.id === id);
const last = () => stub.bill().lines.at(-1);

describe('the bill equals the usage that the official clients see', () => {
  test('chat', async () => {
    const made = await openai.chat.completions.create({
      model: 'gpt-4o',
      messages: say({ output_tokens: 37, input_tokens: 12 }),
    });
    expect(made.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 37, total_tokens: 49 });
    expect(made.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', refusal: null } });
    expect(encode(made.choices[0]?.message.content ?? '')).toHaveLength(37);
    expect(line(made.id)).toEqual({
      id: made.id,
      model: 'gpt-4o',
      wire: 'chat',
      input_tokens: 12,
      output_tokens: 37,
      outcome: 'complete',
      usage_sent: true,
      usage: made.usage,
    });
  });

  test('chat, streamed, with and without the usage chunk', async () => {
    for (const include_usage of [true, false]) {
      const events = await collect(
        await openai.chat.completions.create({
          model: 'gpt-4o',
          messages: say({ output_tokens: 9 }),
          stream: true,
          ...(include_usage && { stream_options: { include_usage } }),
        }),
      );
      const texts = events.map((event) => event.choices[0]?.delta.content).filter(Boolean);
      expect(texts).toHaveLength(9);
      expect(events[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
      expect(events.filter((event) => event.choices[0]?.finish_reason === 'stop')).toHaveLength(1);
      expect(new Set(events.map((event) => 'usage' in event))).toEqual(new Set([include_usage]));
      const billed = line(events[0]?.id ?? '');
      expect(billed).toMatchObject({ output_tokens: 9, outcome: 'complete', usage_sent: include_usage });
      const usage = events.at(-1)?.usage;
      if (include_usage) expect(usage).toMatchObject({ prompt_tokens: billed?.input_tokens, completion_tokens: 9 });
    }
  });

  test('chat with several choices: the client puts each together, the bill has their sum', async () => {
    const made = await openai.chat.completions
      .stream({
        model: 'gpt-4o',
        n: 3,
        max_tokens: 5,
        messages: say({ output_tokens: 8 }),
        stream_options: { include_usage: true },
      })
      .finalChatCompletion();
    expect(made.choices.map((choice) => encode(choice.message.content ?? '').length)).toEqual([5, 5, 5]);
    expect(made.choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length', 'length']);
    expect(made.usage?.completion_tokens).toBe(15);
    expect(line(made.id)?.output_tokens).toBe(15);
  });

  test('responses, plain and streamed', async () => {
    const input = say({ output_tokens: 6 });
    const plain = await openai.responses.create({ model: 'gpt-4o', input });
    const stream = openai.responses.stream({ model: 'gpt-4o', input });
    const numbers: number[] = [];
    const types: string[] = [];
    for await (const event of stream) {
      numbers.push(event.sequence_number);
      types.push(event.type);
    }
    const streamed = await stream.finalResponse();
    expect(numbers).toEqual(numbers.map((_, at) => at));
    expect(new Set(types)).toEqual(
      new Set([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]),
    );
    expect(streamed.output_text).toBe(plain.output_text);
    for (const { id, usage, output_text } of [plain, streamed]) {
      expect(encode(output_text)).toHaveLength(6);
      expect(line(id)).toMatchObject({
        input_tokens: usage?.input_tokens,
        output_tokens: usage?.output_tokens,
        outcome: 'complete',
      });
    }
  });

  test('a response cut by its bound is incomplete', async () => {
    const asked = { model: 'gpt-4o', input: say({ output_tokens: 60 }), max_output_tokens: 20 };
    const plain = await openai.responses.create(asked);
    const streamed = await openai.responses.stream(asked).finalResponse();
    for (const made of [plain, streamed]) {
      expect(made).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
      expect(line(made.id)?.output_tokens).toBe(20);
    }
  });

  test('messages, plain and streamed', async () => {
    const asked = {
      model: 'claude-opus-4-6',
      max_tokens: 4,
      system: 'Be brief.',
      messages: say({ output_tokens: 6 }),
    };
    const plain = await anthropic.messages.create(asked);
    const streamed = await anthropic.messages.stream(asked).finalMessage();
    expect(streamed.content).toEqual(plain.content);
    for (const made of [plain, streamed]) {
      expect(made).toMatchObject({ role: 'assistant', stop_reason: 'max_tokens', usage: { output_tokens: 4 } });
      expect(line(made.id)).toMatchObject({
        wire: 'messages',
        input_tokens: made.usage.input_tokens,
        output_tokens: 4,
      });
    }
  });

  test('embeddings, in both encodings', async () => {
    const coded = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    const floats = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: ['one', 'two'],
      encoding_format: 'float',
    });
    expect(coded.data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding));
    expect(coded.data[0]?.embedding).toHaveLength(1536);
    expect(last()).toMatchObject({ input_tokens: floats.usage.prompt_tokens, output_tokens: 0, wire: 'embeddings' });
  });

  test('a usage given word for word is sent and billed as it stands, cached input of Anthropic included, zero too', async () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 30, output_tokens: 5 };
    const made = await anthropic.messages
      .stream({ model: 'claude', max_tokens: 9, messages: say({ usage }) })
      .finalMessage();
    expect(made.usage).toEqual(usage);
    expect(line(made.id)).toMatchObject({ input_tokens: 240, output_tokens: 5 });
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const free = await openai.chat.completions.create({ model: 'gpt-4o', messages: say({ usage: zero }) });
    expect(free.usage).toEqual(zero);
    expect(line(free.id)).toMatchObject({ input_tokens: 0, output_tokens: 0, usage_sent: true });
  });

  test('an answer without usage is billed all the same', async () => {
    const made = await openai.chat.completions.create({
      model: 'gpt-4o',
      messages: say({ no_usage: true, output_tokens: 3 }),
    });
    expect(made.usage).toBeUndefined();
    expect(line(made.id)).toMatchObject({ output_tokens: 3, outcome: 'complete', usage_sent: false });
  });
});

describe('an answer', () => {
  test('depends on prompt and seed alone, and stays under max_tokens and under the bytes of the prompt', async () => {
    const other = await startStubProvider({ seed: 7 });
    const twin = new OpenAI({ baseURL: other.url, apiKey: 'x' });
    for (let at = 0; at < 30; at++) {
      const content = `question ${at}`;
      const asked = { model: 'gpt-4o', max_tokens: 1 + at, messages: [{ role: 'user' as const, content }] };
      const [one, two] = await Promise.all([
        openai.chat.completions.create(asked),
        twin.chat.completions.create(asked),
      ]);
      expect(one.choices).toEqual(two.choices);
      expect(one.usage).toEqual(two.usage);
      expect(one.usage?.completion_tokens).toBeLessThanOrEqual(1 + at);
      expect(one.usage?.prompt_tokens).toBeLessThanOrEqual(content.length);
    }
    await other.close();
  });

  test('can go over max_tokens when told to', async () => {
    const made = await openai.chat.completions.create({
      model: 'gpt-4o',
      max_tokens: 4,
      messages: say({ ignore_max_tokens: true }),
    });
    expect(made.usage?.completion_tokens).toBe(8);
  });

  test('can be a given text, cut anywhere between events', async () => {
    const text = 'Write to jane@example.com, {"really": 1}.';
    const asked = { model: 'gpt-4o', messages: say({ text, token_chars: 5 }), stream: true as const };
    const events = await collect(await openai.chat.completions.create(asked));
    expect(events.map((event) => event.choices[0]?.delta.content ?? '').join('')).toBe(text);
    expect(last()?.output_tokens).toBe(Math.ceil(text.length / 5));
  });

  test('follows the profile unless the request says otherwise', async () => {
    stub.set({ output_tokens: 2, input_tokens: 3 });
    const made = await openai.chat.completions.create({ model: 'gpt-4o', messages: say({ output_tokens: 5 }) });
    expect(made.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 });
  });
});
