import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { loadTokenizer } from '@aos/core/activity/tokens.ts';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider, expectStatus, waitFor } from '../parts/client.ts';
import {
  type Gateway,
  limitAgent,
  recordsOf,
  say,
  startGateway,
  type WireName,
  wire_names,
  wires,
} from '../parts/gateway.ts';

const first_byte_ms = 700;
const idle_ms = 900;

let gateway: Gateway;
let agents = 0;
let tokens: (text: string) => number;
beforeAll(async () => {
  const deadlines = { AOS_FIRST_BYTE_TIMEOUT_MS: String(first_byte_ms), AOS_IDLE_TIMEOUT_MS: String(idle_ms) };
  gateway = await startGateway(deadlines);
  tokens = (await loadTokenizer()).count;
});
afterAll(() => gateway?.stop());

const now = () => performance.timeOrigin + performance.now();

/** An agent whose output is counted, under a limit of so many tokens. */
async function agentWith(max: number): Promise<{ agent: string; control_id: string }> {
  const agent = `streaming-${++agents}`;
  const limit = { type: 'tokens_output', max, window: { per: 'day' } };
  const { controls } = await limitAgent(gateway, agent, { limit, action: 'block' });
  const [{ id }] = controls as [{ id: string }];
  return { agent, control_id: id };
}

const gaugeOf = async (control_id: string) =>
  expectStatus(
    200,
    await gateway.admin.get<{ posted: number; pending: number; cap: number }>(`/api/v1/limits/${control_id}/state`),
  );

interface Opened {
  run_id: string;
  texts: AsyncIterable<string>;
}

/** A stream as the official client of its wire reads it: its texts, or what it throws. */
async function open(
  wire: WireName,
  directive: object,
  agent: string,
  options: { signal?: AbortSignal; more?: object; direct?: boolean } = {},
): Promise<Opened> {
  const body = wires[wire].body(directive, { stream: true, ...options.more });
  const settings = {
    headers: { 'x-aos-agent-id': agent },
    maxRetries: 0,
    ...(options.signal && { signal: options.signal }),
  };
  const { url, origin } = gateway.stub;
  const openai = gateway.openai(options.direct ? { baseURL: url } : {});
  if (wire === 'messages') {
    const made = gateway
      .anthropic(options.direct ? { baseURL: origin } : {})
      .messages.create(body as Anthropic.MessageCreateParamsStreaming, settings);
    const { data, response } = await made.withResponse();
    const texts = textsOf(data, (event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '',
    );
    return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
  }
  if (wire === 'responses') {
    const made = openai.responses.create(body as OpenAI.Responses.ResponseCreateParamsStreaming, settings);
    const { data, response } = await made.withResponse();
    const texts = textsOf(data, (event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
    return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
  }
  const made = openai.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsStreaming, settings);
  const { data, response } = await made.withResponse();
  const texts = textsOf(data, (event) => event.choices[0]?.delta.content ?? '');
  return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
}

async function* textsOf<E>(events: AsyncIterable<E>, textIn: (event: E) => string): AsyncGenerator<string> {
  for await (const event of events) {
    const text = textIn(event);
    if (text !== '') yield text;
  }
}

interface Read {
  run_id: string;
  text: string;
  /** When the last text came, in milliseconds since 1970. */
  last_at: number;
  ended_at: number;
  error: { code: string | undefined; message: string } | null;
}

async function readAll({ run_id, texts }: Opened): Promise<Read> {
  let text = '';
  let last_at = now();
  let error: Read['error'] = null;
  try {
    for await (const part of texts) {
      text += part;
      last_at = now();
    }
  } catch (thrown) {
    error = errorOf(thrown);
  }
  return { run_id, text, last_at, ended_at: now(), error };
}

/** Code and message as either client shows them. */
function errorOf(thrown: unknown): { code: string | undefined; message: string } {
  const { code, error, message } = thrown as { code?: string; error?: { error?: { code?: string } }; message: string };
  return { code: code ?? error?.error?.code, message };
}

const lastLog = () => {
  const entry = gateway.stub.log.at(-1);
  if (!entry) throw new Error('nothing reached the stub');
  return entry;
};
const lastBill = () => gateway.stub.bill().lines.at(-1);
const untilClosed = () =>
  waitFor(() => lastLog().closed_at, { what: 'the end of the upstream connection', interval_ms: 5 });

/** The one record of a call that is over, with the books at rest. */
async function settledRecord(run_id: string) {
  await gateway.untilSettled();
  const [record, ...others] = await recordsOf(gateway, run_id);
  expect(others).toEqual([]);
  if (!record) throw new Error(`the run ${run_id} has no record`);
  const [step] = await gateway.rows('select status, error from steps where id = $1', [record.step_id]);
  expect(step?.status).toBe(record.execution_status);
  return { ...record, output: Number(record.output_tokens), step };
}

describe.each(wire_names)('a stream on %s', (wire) => {
  test('is cut within one chunk of what its limit pays for, and costs what was delivered', async () => {
    const cap = 500;
    const { agent, control_id } = await agentWith(cap);
    const endless = { output_tokens: 50_000, chunk_tokens: 5, chunk_delay_ms: 1, ignore_max_tokens: true };
    const bound = wire === 'messages' ? { more: { max_tokens: cap } } : {};
    const read = await readAll(await open(wire, endless, agent, bound));
    expect(read.error?.code).toBe('token_limit_exceeded');
    expect(read.error?.message).toContain(`for ${agent}`);
    expect(read.error?.message).toContain(`${gateway.server.url}/d/dec_`);

    const delivered = tokens(read.text);
    expect(delivered).toBeGreaterThan(cap - 2 * endless.chunk_tokens);
    expect(delivered).toBeLessThanOrEqual(cap);
    const closed_at = await untilClosed();
    expect(lastLog().closed_by).toBe('client');
    expect(closed_at - read.last_at).toBeLessThanOrEqual(100);

    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({ execution_status: 'cut', usage_source: 'estimated', error_code: 'stream_cut' });
    expect(record.output).toBe(delivered);
    expect(await gaugeOf(control_id)).toMatchObject({ posted: delivered, pending: 0, cap });
    const [decision] = await gateway.rows('select * from decisions where run_id = $1', [read.run_id]);
    expect(decision).toMatchObject({ verdict: 'block', code: 'token_limit_exceeded', control_id });
    const [incident] = await gateway.rows('select * from incidents where source_run_id = $1', [read.run_id]);
    expect(incident).toMatchObject({ category: 'TOKEN_LIMIT', violation_policy_id: decision?.policy_id });
  });

  test('whose caller leaves is closed upstream at once, and costs what was read', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const leaving = new AbortController();
    const directive = { output_tokens: 5_000, chunk_delay_ms: 3, ignore_max_tokens: true };
    const { run_id, texts } = await open(wire, directive, agent, { signal: leaving.signal });
    let text = '';
    let left_at = 0;
    await (async () => {
      for await (const part of texts) {
        text += part;
        if (tokens(text) < 30 || left_at > 0) continue;
        left_at = now();
        leaving.abort();
      }
    })().catch(() => undefined);
    const closed_at = await untilClosed();
    expect(lastLog().closed_by).toBe('client');
    expect(closed_at - left_at).toBeLessThanOrEqual(250);
    const record = await settledRecord(run_id);
    expect(record).toMatchObject({
      execution_status: 'cancelled',
      usage_source: 'estimated',
      error_code: 'client_closed',
    });
    // Between what the caller had read when it left and what the provider had written when its socket closed.
    expect(record.output).toBeGreaterThanOrEqual(tokens(text));
    expect(record.output).toBeLessThanOrEqual(lastBill()?.output_tokens ?? 0);
    expect(await gaugeOf(control_id)).toMatchObject({ posted: record.output, pending: 0 });
    expect(await gateway.rows('select from incidents where source_run_id = $1', [run_id])).toEqual([]);
  });

  test('that the provider resets ends with an error event, and costs what was delivered', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const read = await readAll(await open(wire, { output_tokens: 50, reset_after_chunks: 12 }, agent));
    expect(read.error).toMatchObject({ code: 'provider_unreachable' });
    expect(tokens(read.text)).toBe(12);
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      output: 12,
      error_code: 'provider_reset',
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 12, pending: 0 });
    const [incident] = await gateway.rows('select * from incidents where source_run_id = $1', [read.run_id]);
    expect(incident).toMatchObject({
      category: 'EXECUTION_FAILURE',
      severity: 'HIGH',
      violation_policy_id: 'SYSTEM_DEFAULT',
    });
  });

  test('that reports no usage is counted', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const read = await readAll(await open(wire, { output_tokens: 77, no_usage: true }, agent));
    expect(read.error).toBeNull();
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({ execution_status: 'succeeded', usage_source: 'estimated', output: 77 });
    expect(Number(record.input_tokens)).toBeGreaterThan(0);
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 77, pending: 0 });
  });

  test('with an error of the provider hands it on as it is', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const directive = { output_tokens: 50, error_after_chunks: 9 };
    const read = await readAll(await open(wire, directive, agent));
    const direct = await readAll(await open(wire, directive, agent, { direct: true }));
    // Of this event, the client for responses makes an event and no error.
    expect(read.error === null).toBe(wire === 'responses');
    expect(read.error).toEqual(direct.error);
    expect(read.text).toBe(direct.text);
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      output: 9,
      error_code: 'provider_error',
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 9, pending: 0 });
  });

  test('of nothing but an error of the provider is free, unless the provider said before what it takes', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const read = await readAll(await open(wire, { output_tokens: 50, error_after_chunks: 0 }, agent));
    const record = await settledRecord(read.run_id);
    const said_input = wire === 'messages';
    expect(record).toMatchObject({ execution_status: 'failed', error_code: 'provider_error' });
    expect(record.usage_source).toBe(said_input ? 'provider' : 'none');
    expect(Number(record.cost_usd) > 0).toBe(said_input);
    expect(await gaugeOf(control_id)).toMatchObject({ pending: 0, ...(!said_input && { posted: 0 }) });
  });

  test('that falls silent is ended by its deadline', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const read = await readAll(await open(wire, { output_tokens: 50, stall_after_chunks: 7 }, agent));
    expect(read.error).toMatchObject({ code: 'provider_timeout' });
    expect(read.ended_at - read.last_at).toBeGreaterThan(idle_ms * 0.8);
    expect(read.ended_at - read.last_at).toBeLessThan(idle_ms + 1_500);
    await untilClosed();
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      output: 7,
      error_code: 'provider_timeout',
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 7, pending: 0 });
  });

  test.each([false, true])(
    'that never begins is ended by its deadline, at all that was held (stream: %s)',
    async (stream) => {
      const { agent, control_id } = await agentWith(300);
      const body = wires[wire].body({ delay_ms: 30_000 }, { stream, ...(wire === 'messages' && { max_tokens: 300 }) });
      const answer = await gateway.admin.post<{ error: { code: string } }>(wires[wire].path, body, {
        headers: { 'x-aos-agent-id': agent },
      });
      expect(answer.status).toBe(504);
      expect(answer.body.error.code).toBe('provider_timeout');
      await untilClosed();
      const record = await settledRecord(answer.headers.get('x-aos-run-id') ?? '');
      // Nobody knows what the provider did with it.
      expect(record).toMatchObject({
        execution_status: 'failed',
        usage_source: 'estimated',
        output: 300,
        error_code: 'provider_timeout',
      });
      expect(await gaugeOf(control_id)).toMatchObject({ posted: 300, pending: 0 });
    },
  );
});

test('a stream whose caller leaves before it begins is closed upstream, and nothing was delivered', async () => {
  const { agent, control_id } = await agentWith(10_000);
  const leaving = new AbortController();
  const opening = open('chat', { delay_ms: 600 }, agent, { signal: leaving.signal }).catch(() => undefined);
  const before = gateway.stub.log.length;
  await waitFor(() => gateway.stub.log.length > before, { interval_ms: 5 });
  const left_at = now();
  leaving.abort();
  await opening;
  expect((await untilClosed()) - left_at).toBeLessThanOrEqual(250);
  expect(lastLog()).toMatchObject({ closed_by: 'client', first_byte_at: null });
  await gateway.untilSettled();
  const [record] = await gateway.rows('select * from llm_run_records order by id desc limit 1');
  expect(record).toMatchObject({ execution_status: 'cancelled', error_code: 'client_closed', output_tokens: '0' });
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 0, pending: 0 });
});

test('a stream of several answers is cut at their sum', async () => {
  const { agent, control_id } = await agentWith(600);
  const body = wires.chat.body({ output_tokens: 5_000, ignore_max_tokens: true }, { n: 3 });
  const asked = { ...body, stream: true } as OpenAI.ChatCompletionCreateParamsStreaming;
  const options = { headers: { 'x-aos-agent-id': agent } };
  const { data, response } = await gateway.openai().chat.completions.create(asked, options).withResponse();
  const texts = ['', '', ''];
  const reading = (async () => {
    for await (const { choices } of data) for (const { index, delta } of choices) texts[index] += delta.content ?? '';
  })();
  await expect(reading).rejects.toMatchObject({ code: 'token_limit_exceeded' });
  expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).toMatchObject({ n: 3, max_tokens: 200 });
  const delivered = texts.map(tokens).reduce((sum, each) => sum + each);
  expect(delivered).toBeGreaterThan(597);
  const record = await settledRecord(response.headers.get('x-aos-run-id') ?? '');
  expect(record).toMatchObject({ execution_status: 'cut', output: delivered });
  expect(await gaugeOf(control_id)).toMatchObject({ posted: delivered, pending: 0, cap: 600 });
});

describe('a caller who leaves at once', () => {
  const leave = async (body: object, headers: Record<string, string> = {}) => {
    const { hostname, port } = new URL(gateway.server.url);
    const text = JSON.stringify(body);
    const all = {
      ...{ host: 'x', authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json' },
      ...{ 'content-length': text.length, ...headers },
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${text}`, () => socket.destroy());
    await once(socket, 'close');
  };

  test('has left a stream before anything is sent for it', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const before = gateway.stub.log.length;
    for (let n = 0; n < 10; n++)
      await leave(wires.chat.body({ delay_ms: 600 }, { stream: true }), { 'x-aos-agent-id': agent });
    await sleep(300);
    await gateway.untilSettled();
    for (const { closed_at, started_at } of gateway.stub.log.slice(before)) {
      expect(closed_at).not.toBeNull();
      expect((closed_at ?? Infinity) - started_at).toBeLessThanOrEqual(250);
    }
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 0, pending: 0 });
  });

  test('keeps no Idempotency-Key in flight', async () => {
    const keys = Array.from({ length: 5 }, (_, n) => `left-${n}`);
    for (const key of keys) await leave(wires.chat.body({}), { 'idempotency-key': key });
    await sleep(300);
    await gateway.untilSettled();
    for (const key of keys) {
      const options = { headers: { 'idempotency-key': key } };
      expect((await gateway.admin.post('/v1/chat/completions', wires.chat.body({}), options)).status).toBe(200);
    }
  });
});

test('a plain call whose caller leaves is read to its end and charged in full', async () => {
  const { agent, control_id } = await agentWith(10_000);
  const leaving = AbortSignal.timeout(150);
  const body = wires.chat.body({ delay_ms: 500, output_tokens: 90 });
  const options = { headers: { 'x-aos-agent-id': agent }, signal: leaving };
  await expect(gateway.admin.post('/v1/chat/completions', body, options)).rejects.toThrow();
  expect(await gateway.rows('select from holds')).toHaveLength(1);
  await gateway.untilSettled();
  expect(lastBill()).toMatchObject({ outcome: 'complete', output_tokens: 90 });
  const [record] = await gateway.rows('select * from llm_run_records order by id desc limit 1');
  expect(record).toMatchObject({ execution_status: 'succeeded', usage_source: 'provider', output_tokens: '90' });
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 90, pending: 0 });
});

test('a plain answer that breaks off is an error, at all that was held', async () => {
  const { agent, control_id } = await agentWith(200);
  for (const reset_after_chunks of [0, 1]) {
    const answer = await gateway.admin.post(
      '/v1/chat/completions',
      wires.chat.body({ reset_after_chunks }, { max_tokens: 50 }),
      {
        headers: { 'x-aos-agent-id': agent },
      },
    );
    expect(answer).toMatchObject({ status: 502, body: { error: { code: 'provider_unreachable', type: 'api_error' } } });
    const record = await settledRecord(answer.headers.get('x-aos-run-id') ?? '');
    expect(record).toMatchObject({ execution_status: 'failed', usage_source: 'estimated', output: 50 });
  }
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 100, pending: 0 });
});

test('a provider that reports more than was reserved is charged as it says, and an incident tells the difference', async () => {
  const { agent, control_id } = await agentWith(100);
  const usage = { prompt_tokens: 10, completion_tokens: 130, total_tokens: 140 };
  const answer = await gateway.admin.post('/v1/chat/completions', wires.chat.body({ usage }, { max_tokens: 100 }), {
    headers: { 'x-aos-agent-id': agent },
  });
  expect(answer.status).toBe(200);
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 130, pending: 0, cap: 100 });
  const run_id = answer.headers.get('x-aos-run-id');
  const [incident] = await gateway.rows('select * from incidents where source_run_id = $1', [run_id]);
  expect(incident).toMatchObject({ category: 'BUDGET_EXCEEDED', severity: 'HIGH' });
  expect(incident?.title).toContain('reported 130 tokens where 100 were reserved');
});

describe('when what happened cannot be written', () => {
  const without = async (table: string, work: () => Promise<void>) => {
    await gateway.rows(`alter table ${table} rename to out_of_reach`);
    try {
      await work();
    } finally {
      await gateway.rows(`alter table out_of_reach rename to ${table}`);
    }
  };

  test('streams end with an error and plain calls are answered with 503; all are settled once, later', async () => {
    const directive = { output_tokens: 25 };
    const waiting = await Promise.all(wire_names.map(async (wire) => ({ wire, ...(await agentWith(10_000)) })));
    const plain = await agentWith(10_000);
    const run_ids: string[] = [];
    await without('llm_run_records', async () => {
      const streams = waiting.map(async ({ wire, agent, control_id }) => {
        const read = await readAll(await open(wire, directive, agent));
        expect(read.error).toMatchObject({ code: 'governance_unavailable' });
        expect(tokens(read.text)).toBe(25);
        const { posted, pending } = await gaugeOf(control_id);
        expect(posted).toBe(0);
        expect(pending).toBeGreaterThanOrEqual(25);
      });
      const options = { headers: { 'x-aos-agent-id': plain.agent } };
      const answer = await gateway.admin.post('/v1/chat/completions', wires.chat.body(directive), options);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'governance_unavailable' } } });
      expect(answer.text).toContain('The provider was asked');
      await Promise.all(streams);
      const holds = await gateway.rows<{ run_id: string }>('select run_id from holds');
      run_ids.push(...holds.map(({ run_id }) => run_id));
    });
    await gateway.untilSettled();
    expect(run_ids).toHaveLength(4);
    for (const run_id of run_ids)
      expect(await settledRecord(run_id)).toMatchObject({ execution_status: 'succeeded', output: 25 });
    for (const { control_id } of [...waiting, plain])
      expect(await gaugeOf(control_id)).toMatchObject({ posted: 25, pending: 0 });
  });
});

// The last of this file: with two providers of a kind, a bare model name is ambiguous.
describe('a provider of its own kind', () => {
  const chunk = (delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
  const ending = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 } })}\n\ndata: [DONE]\n\n`;
  let written = 0;
  let wide: ScriptedProvider;
  const events = 2_000;
  const scripts: Record<string, (response: ServerResponse) => Promise<void> | void> = {
    /** 32 MB, each event as soon as there is room for it. */
    wide: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = chunk({ content: ' the' }, { padding: 'x'.repeat(16_000) });
      for (written = 0; written < events; written++) if (!response.write(event)) await once(response, 'drain');
      response.end(ending);
    },
    odd_header: (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-region': 'Z\u00fcrich' });
      response.end(chunk({ content: ' the' }) + ending);
    },
    /** Characters of several bytes, and line ends of the other kind, cut at every byte. */
    bytewise: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const bytes = Buffer.from((chunk({ content: 'Gr\u00fc\u00dfe \ud83d\ude00' }) + ending).replaceAll('\n', '\r\n'));
      for (const byte of bytes) if (!response.write(Buffer.of(byte))) await once(response, 'drain');
      response.end();
    },
    /** The usage in every event, as some servers send it, and no end. */
    endless_usage: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let n = 1; n <= 20; n++)
        response.write(
          chunk({ content: ' the' }, { usage: { prompt_tokens: 11, completion_tokens: n, total_tokens: 11 + n } }),
        );
      await sleep(50);
      response.destroy();
    },
  };
  beforeAll(async () => {
    wide = await scriptedProvider(
      (response, { body }) => void scripts[(JSON.parse(body) as { model: string }).model]?.(response),
    );
    await addProvider(gateway.admin, { slug: 'own', kind: 'openai', base_url: `${wide.url}/v1`, secret: 'sk-own' });
  });
  afterAll(() => wide?.close());

  const stream = async (model: string) => {
    const { server } = gateway;
    const sending = request(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.admin_key}`, 'content-type': 'application/json' },
    });
    sending.end(JSON.stringify({ model: `own/${model}`, messages: say(), stream: true }));
    const [answer] = (await once(sending, 'response')) as [IncomingMessage];
    answer.setEncoding('utf8');
    const run_id = String(answer.headers['x-aos-run-id']);
    const text = async () => {
      let all = '';
      for await (const part of answer) all += part;
      return all;
    };
    return { answer, run_id, text };
  };

  test('is read no faster than the caller reads, and the caller still gets everything', async () => {
    const { answer, run_id, text } = await stream('wide');
    answer.pause();
    // Everything between provider and reader fills up, and then nothing moves.
    let before = 0;
    const stands = async () => {
      before = written;
      await sleep(400);
      return before > 0 && written === before;
    };
    await waitFor(stands, { timeout_ms: 20_000, what: 'the end of reading' });
    expect(before).toBeLessThan(events * 0.9);
    // Longer than the idle deadline: a slow reader is not the provider's fault.
    await sleep(idle_ms * 1.5);
    expect(written).toBe(before);
    const all = await text();
    expect(all.slice(-200)).toMatch(/data: \[DONE\]\n\n$/);
    expect(all.match(/"content":" the"/g)).toHaveLength(events);
    expect(await settledRecord(run_id)).toMatchObject({
      execution_status: 'succeeded',
      usage_source: 'provider',
      output: 9,
    });
  });

  test('may send headers that are no ASCII', async () => {
    const { answer, run_id, text } = await stream('odd_header');
    expect(await text()).toContain('" the"');
    expect(answer.headers['x-region']).toMatch(/^Z.+rich$/);
    expect(await settledRecord(run_id)).toMatchObject({ execution_status: 'succeeded', output: 9 });
  });

  test('may cut characters and events anywhere', async () => {
    const { run_id, text } = await stream('bytewise');
    expect(await text()).toContain('Gr\u00fc\u00dfe \ud83d\ude00');
    expect(await settledRecord(run_id)).toMatchObject({ execution_status: 'succeeded', output: 9 });
  });

  test('may report usage as it goes: what it said last counts when it breaks off', async () => {
    const { run_id, text } = await stream('endless_usage');
    expect(await text()).toContain('provider_unreachable');
    const record = await settledRecord(run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      input_tokens: '11',
      output: 20,
    });
  });
});
