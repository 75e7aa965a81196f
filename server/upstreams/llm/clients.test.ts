import Anthropic from '@anthropic-ai/sdk';
import { wires } from '@aos/core/activity/wires/index.ts';
import { Problem } from '@aos/core/base/error.ts';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../../tools/simulate/scripted-provider.ts';

/**
 * The official clients of each wire, against a server that answers with this wire's bytes. `model` says what it does:
 * `402` and the like refuse before the answer, `mid-stream` breaks a running stream off.
 */
let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await scriptedProvider((response, { path, body }) => {
    const wire = Object.values(wires).find((candidate) => path.endsWith(candidate.path)) ?? wires.chat;
    const { model } = JSON.parse(body);
    if (model !== 'mid-stream') {
      const problem = problems[model] ?? spent;
      response.writeHead(problem.status, { 'content-type': 'application/json', 'x-should-retry': 'false' });
      response.end(JSON.stringify(wire.errorBody(problem)));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(begun[wire.name] ?? '');
    response.end(wire.errorEvents(spent));
  });
});
afterAll(() => provider.close());

const message =
  'Policy "Support bot daily cap" has 0.004120000 of 50.000000000 USD left until 2025-01-16T00:00:00.000Z: http://aos/d/dec_1';
const details = { decision_id: 'dec_1', policy_name: 'Support bot daily cap', limit: '50.000000000' };
const spent = new Problem('budget_exceeded', message, { details });
const problems: Record<string, Problem> = {
  '400': new Problem('invalid_body', message, { details }),
  '401': new Problem('unauthenticated', message, { details }),
  '402': spent,
  '403': new Problem('model_not_allowed', message, { details }),
  '404': new Problem('model_not_found', message, { details }),
  '429': new Problem('rate_limit_exceeded', message, { details }),
  '503': new Problem('governance_unavailable', message, { details }),
};

const sse = (event: string | null, data: object) =>
  `${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', output: [], status: 'in_progress' };
const begun: Record<string, string> = {
  chat: sse(null, {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { role: 'assistant', content: 'so far' }, finish_reason: null }],
  }),
  responses:
    sse('response.created', { type: 'response.created', sequence_number: 0, response }) +
    sse('response.in_progress', { type: 'response.in_progress', sequence_number: 1, response }),
  messages: sse('message_start', {
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 1 } },
  }),
};

const openai = () => new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1`, maxRetries: 2 });
const anthropic = () => new Anthropic({ apiKey: 'k', baseURL: provider.url, maxRetries: 2 });
const user = { role: 'user', content: 'hi' } as const;

async function raised(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    () => {
      throw new Error('the client raised nothing');
    },
    (error: unknown) => error,
  );
}

/** Reads a stream to its end; what came before the error is kept. */
async function drain<T>(stream: AsyncIterable<T>, events: T[] = []): Promise<T[]> {
  for await (const event of stream) events.push(event);
  return events;
}

describe('a refused call raises the class of its status, with message, type, code and details', () => {
  const openai_classes: Record<string, unknown> = {
    '400': OpenAI.BadRequestError,
    '401': OpenAI.AuthenticationError,
    '402': OpenAI.APIError,
    '403': OpenAI.PermissionDeniedError,
    '404': OpenAI.NotFoundError,
    '429': OpenAI.RateLimitError,
    '503': OpenAI.InternalServerError,
  };
  const anthropic_classes: Record<string, unknown> = {
    '400': Anthropic.BadRequestError,
    '401': Anthropic.AuthenticationError,
    '402': Anthropic.PaymentRequiredError,
    '403': Anthropic.PermissionDeniedError,
    '404': Anthropic.NotFoundError,
    '429': Anthropic.RateLimitError,
    '503': Anthropic.InternalServerError,
  };

  test.each(Object.entries(problems))('%s', async (model, problem) => {
    const { status, type, code } = problem;
    const before = provider.requests.length;
    const calls = [
      () => openai().chat.completions.create({ model, messages: [user] }),
      () => openai().chat.completions.create({ model, messages: [user], stream: true }),
      () => openai().responses.create({ model, input: 'hi' }),
      () => openai().embeddings.create({ model, input: 'hi' }),
    ];
    for (const call of calls) {
      const error = await raised(async () => call());
      expect(error).toBeInstanceOf(openai_classes[model]);
      expect(error).toMatchObject({
        status,
        type,
        code,
        message: `${status} ${message}`,
        error: { details, param: null },
      });
    }
    const error = await raised(async () => anthropic().messages.create({ model, max_tokens: 9, messages: [user] }));
    expect(error).toBeInstanceOf(anthropic_classes[model]);
    expect(error).toMatchObject({ status, type, details, apiMessage: message, error: { error: { code } } });
    expect(provider.requests.length - before, 'nothing is retried').toBe(calls.length + 1);
  });
});

describe('a stream that is stopped midway raises, after what came before', () => {
  const model = 'mid-stream';

  test('chat, raw and through the helper', async () => {
    const events: OpenAI.ChatCompletionChunk[] = [];
    const stream = await openai().chat.completions.create({ model, messages: [user], stream: true });
    const error = await raised(() => drain(stream, events));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ message, code: 'budget_exceeded', type: 'policy_violation', error: { details } });
    expect(events[0]?.choices[0]?.delta.content).toBe('so far');
    const helper = openai().chat.completions.stream({ model, messages: [user] });
    expect(await raised(() => helper.finalChatCompletion())).toMatchObject({ message, code: 'budget_exceeded' });
  });

  test('responses, raw and through the helper', async () => {
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    const stream = await openai().responses.create({ model, input: 'hi', stream: true });
    const error = await raised(() => drain(stream, events));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ message, code: 'budget_exceeded', type: 'policy_violation', error: { details } });
    const failed = events.at(-1);
    expect(failed).toMatchObject({
      type: 'response.failed',
      response: { object: 'response', status: 'failed', output: [], error: { code: 'budget_exceeded', message } },
    });
    const helper = openai().responses.stream({ model, input: 'hi' });
    const kinds: string[] = [];
    helper.on('event', (event) => kinds.push(event.type));
    expect(await raised(() => helper.finalResponse())).toMatchObject({ message, code: 'budget_exceeded' });
    expect(kinds).toEqual(['response.created', 'response.in_progress', 'response.failed']);
  });

  test('messages, raw and through the helper', async () => {
    const body = { model, max_tokens: 9, messages: [user] };
    const events: Anthropic.RawMessageStreamEvent[] = [];
    const stream = await anthropic().messages.create({ ...body, stream: true });
    const error = await raised(() => drain(stream, events));
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(error).toMatchObject({ type: 'policy_violation', apiMessage: message, details });
    expect(events.map((event) => event.type)).toEqual(['message_start']);
    const helper = anthropic().messages.stream(body);
    expect(await raised(() => helper.finalMessage())).toMatchObject({ type: 'policy_violation', apiMessage: message });
  });
});

test('a failed response goes on with the response and the numbers of the stream it ends', () => {
  const reader = wires.responses.streamReader(wires.responses.readRequest({ model: 'm', input: '' }));
  for (const block of (begun.responses ?? '').split('\n\n')) {
    if (block !== '') reader.read({ event: undefined, data: block.slice(block.indexOf('{')) });
  }
  const write = wires.responses.errorEvents as (problem: Problem, after?: typeof reader) => string;
  const [failed, error] = write(spent, reader)
    .split('\n\n')
    .map((block) => JSON.parse(block.slice(block.indexOf('{')) || 'null'));
  expect(failed).toMatchObject({ sequence_number: 2, response: { id: 'resp_1', model: 'm', status: 'failed' } });
  expect(error).toMatchObject({ type: 'error', sequence_number: 3, code: 'budget_exceeded', error: { details } });
});
