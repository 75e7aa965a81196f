import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider, collect, expectStatus, waitFor } from '../parts/client.ts';
import { recordsOf, say } from '../parts/gateway.ts';
import { agentWith, gateway, gaugeOf, settledRecord, withGateway } from './stream-parts.ts';

const total_ms = 6_000;
withGateway({ AOS_TOTAL_TIMEOUT_MS: String(total_ms) });

// Providers that refuse what the gateway adds to a stream to learn its usage.
type Answer = Parameters<Parameters<typeof scriptedProvider>[0]>[0];
interface Sent {
  model: string;
  stream_options?: object;
}

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const refused = (answer: Answer, status: number, body: object) => {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const streams = (answer: Answer) => {
  answer.writeHead(200, { 'content-type': 'text/event-stream' });
  answer.end(`${chunk({ content: 'Hello' })}${chunk({ content: ' there' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
};
const unknown = { error: { message: 'Unrecognized request argument supplied: stream_options', type: 'invalid' } };
const forbidden = { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], input: {} }] };
const quoted = { error: { message: 'Not allowed: "what are stream_options?"', type: 'invalid', code: 'no' } };

const signal = new EventEmitter();
const began = once(signal, 'began');
const released = once(signal, 'released');
const scripts: Record<string, (answer: Answer, sent: Sent) => void> = {
  unknown: (answer, { stream_options }) => (stream_options ? refused(answer, 400, unknown) : streams(answer)),
  unknown_too: (answer, { stream_options }) => (stream_options ? refused(answer, 400, unknown) : streams(answer)),
  forbidden: (answer, { stream_options }) => (stream_options ? refused(answer, 422, forbidden) : streams(answer)),
  quoting: (answer) => refused(answer, 400, quoted),
  otherwise: (answer) => refused(answer, 400, { error: { message: 'no such thing', type: 'invalid' } }),
  not_found: (answer) => refused(answer, 404, unknown),
  billed: (answer) => refused(answer, 400, { ...unknown, usage: { prompt_tokens: 3, completion_tokens: 0 } }),
  plain: (answer) => {
    const message = { role: 'assistant', content: 'Hello' };
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ id: 'c', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }));
  },
  /** The refusal comes late, and nothing after it. */
  late: (answer, { stream_options }) => {
    if (stream_options) void sleep(total_ms / 3).then(() => refused(answer, 400, unknown));
  },
  /** The refusal is not at its end before it is released. */
  open: (answer, { stream_options }) => {
    if (!stream_options) return streams(answer);
    answer.writeHead(400, { 'content-type': 'application/json' });
    answer.write(JSON.stringify(unknown).slice(0, -1), () => signal.emit('began'));
    void released.then(() => answer.end('}'));
  },
  /** What is sent again gets no answer. */
  silent: (answer, { stream_options }) => {
    if (stream_options) refused(answer, 400, unknown);
  },
};

let provider: ScriptedProvider;
const sentTo = (model: string) =>
  provider.requests.map(({ body }) => JSON.parse(body) as Sent).filter((sent) => sent.model === model);
const askedUsage = (model: string) => sentTo(model).map(({ stream_options }) => stream_options !== undefined);
beforeAll(async () => {
  provider = await scriptedProvider((answer, { body }) => {
    const sent = JSON.parse(body) as Sent;
    scripts[sent.model]?.(answer, sent);
  });
  await addProvider(gateway.admin, { slug: 'stern', kind: 'openai', base_url: `${provider.url}/v1`, secret: 'sk-x' });
});
afterAll(() => provider?.close());

const ask = (model: string, more: object = {}, headers: Record<string, string> = {}) =>
  gateway
    .openai({ maxRetries: 0 })
    .chat.completions.create(
      { model: `stern/${model}`, messages: say(), stream: true, ...more } as OpenAI.ChatCompletionCreateParamsStreaming,
      { headers },
    )
    .withResponse();

async function read(model: string, more: object = {}, headers: Record<string, string> = {}) {
  const { data, response } = await ask(model, more, headers);
  const text = (await collect(data)).map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { text, run_id: response.headers.get('x-aos-run-id') ?? '' };
}
const thrownBy = async (model: string, more: object = {}, headers: Record<string, string> = {}) => {
  const thrown: unknown = await ask(model, more, headers).catch((error: unknown) => error);
  if (!(thrown instanceof OpenAI.APIError)) throw new Error(`a ${typeof thrown} was thrown`);
  return thrown;
};

describe('a stream of a provider that refuses stream_options', () => {
  test.each(['unknown', 'forbidden'])('comes all the same, with its use counted here once (%s)', async (model) => {
    const { agent, control_id } = await agentWith(10_000);
    const { text, run_id } = await read(model, {}, { 'x-aos-agent-id': agent });
    expect(text).toBe('Hello there');
    expect(askedUsage(model)).toEqual([true, false]);
    const [first, second] = sentTo(model);
    expect({ ...second, stream_options: { include_usage: true } }).toEqual(first);
    const record = await settledRecord(run_id);
    expect(record).toMatchObject({
      ...{ execution_status: 'succeeded', http_status: 200, error_code: null },
      ...{ usage_source: 'estimated', output: 2, verdict: 'continue' },
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 2, pending: 0 });
    const [run] = await gateway.rows('select calls, output_tokens from runs where id = $1', [run_id]);
    expect(run).toMatchObject({ calls: 1, output_tokens: '2' });
  });

  test('is not asked a second time, and other models of it are', async () => {
    const before = askedUsage('unknown').length;
    await read('unknown');
    expect(askedUsage('unknown').slice(before)).toEqual([false]);
    await read('unknown_too');
    expect(askedUsage('unknown_too')).toEqual([true, false]);
  });

  test('at another address is asked again', async () => {
    const { url } = provider;
    await addProvider(gateway.admin, { slug: 'moved', kind: 'openai', base_url: `${url}/v1`, secret: 'sk-x' });
    const before = askedUsage('unknown').length;
    await read('unknown', { model: 'moved/unknown' });
    await read('unknown', { model: 'moved/unknown' });
    expectStatus(200, await gateway.admin.put('/api/v1/providers/moved', { base_url: `${url}/v2`, secret: 'sk-y' }));
    await read('unknown', { model: 'moved/unknown' });
    expect(askedUsage('unknown').slice(before)).toEqual([true, false, false, true, false]);
  });

  test('is the affair of a caller who sent them', async () => {
    const stream_options = { include_usage: true };
    const before = askedUsage('forbidden').length;
    expect(await thrownBy('forbidden', { stream_options })).toMatchObject({ status: 422 });
    expect(askedUsage('forbidden').slice(before)).toEqual([true]);
  });
});

test('a refusal that is about something else is the answer, and nothing is remembered of it', async () => {
  for (const times of [1, 2]) {
    const error = await thrownBy('quoting');
    expect(error).toMatchObject({ status: 400, code: 'no' });
    expect(error.headers?.get('x-aos-source')).toBe('provider');
    expect(askedUsage('quoting')).toEqual(Array.from({ length: times }, () => [true, false]).flat());
    const record = await settledRecord(error.headers?.get('x-aos-run-id') ?? '');
    expect(record).toMatchObject({ execution_status: 'failed', http_status: 400, usage_source: 'none' });
    expect(Number(record.cost_usd)).toBe(0);
  }
  expect(await thrownBy('otherwise')).toMatchObject({ status: 400 });
  expect(await thrownBy('not_found')).toMatchObject({ status: 404 });
  expect([sentTo('otherwise').length, sentTo('not_found').length]).toEqual([1, 1]);
});

test('a refusal that was billed is not repeated', async () => {
  const { headers } = await thrownBy('billed');
  expect(sentTo('billed')).toHaveLength(1);
  expect(await settledRecord(headers?.get('x-aos-run-id') ?? '')).toMatchObject({
    usage_source: 'provider',
    input_tokens: '3',
  });
});

test('the deadline of the whole call is one for both requests', async () => {
  const { agent, control_id } = await agentWith(300);
  const error = await thrownBy('late', {}, { 'x-aos-agent-id': agent });
  expect(error).toMatchObject({ status: 504, code: 'provider_timeout' });
  expect(Number(/within (\d+) ms/.exec(error.message)?.[1])).toBeLessThanOrEqual((total_ms * 2) / 3);
  expect(askedUsage('late')).toEqual([true, false]);
  await gateway.untilSettled();
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 300, pending: 0 });
});

describe('a run that is killed', () => {
  const kill = async (run_id: string) =>
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${run_id}/kill`, { reason: 'enough' }));
  const runOf = async (agent: string) => (await read('unknown', {}, { 'x-aos-agent-id': agent })).run_id;

  test('while the refusal comes in sends nothing more and pays nothing for it', async () => {
    const { agent, control_id } = await agentWith(300);
    const run_id = await runOf(agent);
    const thrown = thrownBy('open', {}, { 'x-aos-agent-id': agent, 'x-aos-run-id': run_id });
    await began;
    // A process that has made a whole call since then has read what came before.
    await read('unknown');
    await kill(run_id);
    expect(await thrown).toMatchObject({ status: 403, code: 'run_terminated' });
    signal.emit('released');
    await gateway.untilSettled();
    expect(sentTo('open')).toHaveLength(1);
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 2, pending: 0 });
  });

  test('while the second request is under way is stopped as any call', async () => {
    const { agent, control_id } = await agentWith(300);
    const run_id = await runOf(agent);
    const thrown = thrownBy('silent', {}, { 'x-aos-agent-id': agent, 'x-aos-run-id': run_id });
    await waitFor(() => sentTo('silent').length === 2, { what: 'the second request' });
    await kill(run_id);
    expect(await thrown).toMatchObject({ status: 403, code: 'run_terminated' });
    await gateway.untilSettled();
    const records = await recordsOf(gateway, run_id);
    expect(records.map(({ execution_status }) => execution_status)).toEqual(['succeeded', 'cancelled']);
    // Nobody knows what the provider did with it.
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 300, pending: 0 });
  });
});

test('a plain call has nothing added and is sent as it is', async () => {
  const { choices } = await gateway.openai().chat.completions.create({ model: 'stern/plain', messages: say() });
  expect(choices[0]?.message.content).toBe('Hello');
  expect(askedUsage('plain')).toEqual([false]);
});
