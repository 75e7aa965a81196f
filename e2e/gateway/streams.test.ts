import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { wire_names, wires } from '../parts/gateway.ts';
import {
  agentWith,
  gateway,
  gaugeOf,
  lastBill,
  lastLog,
  now,
  open,
  readAll,
  settledRecord,
  tokens,
  untilClosed,
  withGateway,
} from './stream-parts.ts';

withGateway();

/** From the moment that it had to be closed until an upstream connection was, of each stream below. */
const closing_ms: number[] = [];

// Of models with another tokenizer: other-tokenizers.test.ts.
describe.each(['chat', 'responses'] as const)(
  'a stream on %s of a model that is counted as its provider does',
  (wire) => {
    test('is cut within one chunk of what its limit pays for, and costs what was delivered', async () => {
      const cap = 500;
      const { agent, control_id } = await agentWith(cap);
      const endless = { output_tokens: 50_000, chunk_tokens: 5, chunk_delay_ms: 1, ignore_max_tokens: true };
      const read = await readAll(await open(wire, endless, agent));
      expect(read.error?.code).toBe('token_limit_exceeded');
      expect(read.error?.message).toContain(`for ${agent}`);
      expect(read.error?.message).toContain(`${gateway.server.url}/d/dec_`);

      const delivered = tokens(read.text);
      expect(delivered).toBeGreaterThan(cap - 2 * endless.chunk_tokens);
      expect(delivered).toBeLessThanOrEqual(cap);
      const closed_at = await untilClosed();
      expect(lastLog().closed_by).toBe('client');
      closing_ms.push(closed_at - read.last_at);

      const record = await settledRecord(read.run_id);
      expect(record).toMatchObject({ execution_status: 'cut', usage_source: 'estimated', error_code: 'stream_cut' });
      expect(record.output).toBe(delivered);
      expect(await gaugeOf(control_id)).toMatchObject({ posted: delivered, pending: 0, cap });
      const [decision] = await gateway.rows('select * from decisions where run_id = $1', [read.run_id]);
      expect(decision).toMatchObject({ verdict: 'block', code: 'token_limit_exceeded', control_id });
      const [incident] = await gateway.rows('select * from incidents where source_run_id = $1', [read.run_id]);
      expect(incident).toMatchObject({ category: 'TOKEN_LIMIT', violation_policy_id: decision?.policy_id });
    });
  },
);

describe.each(wire_names)('a stream on %s', (wire) => {
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
    closing_ms.push(closed_at - left_at);
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

  test('of a provider that goes past what its caller asked for says so, wherever it is told', async () => {
    const { agent, control_id } = await agentWith(100_000);
    const endless = { output_tokens: 50_000, chunk_tokens: 1, chunk_delay_ms: 1, ignore_max_tokens: true };
    const more = { [wire === 'responses' ? 'max_output_tokens' : 'max_tokens']: 40 };
    const read = await readAll(await open(wire, endless, agent, { more }));
    expect(read.error?.code).toBe('provider_error');
    const past = 'the provider went past the 40 output tokens that were asked for and reserved';
    expect(read.error?.message).toContain(past);
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({ execution_status: 'cut', error_code: 'stream_cut' });
    const [decision] = await gateway.rows('select * from decisions where run_id = $1', [read.run_id]);
    expect(decision).toMatchObject({ verdict: 'block', code: 'provider_error', control_id });
    const [violation] = await gateway.rows('select * from violations where run_id = $1', [read.run_id]);
    expect(violation).toMatchObject({ category: 'EXECUTION_FAILURE', severity: 'HIGH', control_id });
    const [incident] = await gateway.rows('select * from incidents where source_run_id = $1', [read.run_id]);
    expect(incident).toMatchObject({ category: 'EXECUTION_FAILURE', title: expect.stringContaining(past) });
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
});

test('a stream whose caller leaves before it begins is closed upstream, and nothing was delivered', async () => {
  const { agent, control_id } = await agentWith(10_000);
  const leaving = new AbortController();
  const opening = open('chat', { delay_ms: 60_000 }, agent, { signal: leaving.signal }).catch(() => undefined);
  const before = gateway.stub.log.length;
  await waitFor(() => gateway.stub.log.length > before, { interval_ms: 5 });
  const left_at = now();
  leaving.abort();
  await opening;
  closing_ms.push((await untilClosed()) - left_at);
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

test('an upstream connection is closed within 100 ms of when it has to be, half of them and more', () => {
  // A machine that is busy for a moment delays one or another; what waited for a timer would delay all.
  const sorted = closing_ms.toSorted((a, b) => a - b);
  expect(sorted.length).toBeGreaterThan(5);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
});
