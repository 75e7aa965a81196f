import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { limitAgent, wire_names, wires } from '../parts/gateway.ts';
import {
  agentWith,
  gateway,
  gaugeOf,
  lastBill,
  lastLog,
  now,
  open,
  openUnread,
  readAll,
  settledRecord,
  tokens,
  withGateway,
} from './stream-parts.ts';

withGateway();

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
      await leave(wires.chat.body({ delay_ms: 600_000 }, { stream: true }), { 'x-aos-agent-id': agent });
    // One after the other is admitted, holds something for a moment, and is found to be left.
    const isCalm = async () => {
      for (let n = 0; n < 10; n++, await sleep(50)) if ((await gaugeOf(control_id)).pending !== 0) return false;
      return true;
    };
    await waitFor(isCalm, { what: 'the end of all that was held' });
    // Whether it was asked before the caller was seen to have left: the provider alone would not have closed any.
    for (const { closed_by } of gateway.stub.log.slice(before)) expect(closed_by).toBe('client');
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 0, pending: 0 });
  });

  test('keeps no Idempotency-Key in flight', async () => {
    const keys = Array.from({ length: 5 }, (_, n) => `left-${n}`);
    for (const key of keys) await leave(wires.chat.body({}), { 'idempotency-key': key });
    await sleep(300);
    await gateway.untilSettled();
    for (const key of keys) {
      const options = { headers: { 'idempotency-key': key } };
      const again = () => gateway.admin.post('/v1/chat/completions', wires.chat.body({}), options);
      await waitFor(async () => (await again()).status === 200, { what: `the end of what ${key} began` });
    }
  });
});

test('a stream that nobody reads is settled when its run is killed', async () => {
  const limit = { type: 'concurrency', max: 1 };
  await limitAgent(gateway, 'reads-nothing', { limit, action: 'block' });
  const unread = await openUnread('reads-nothing');
  // Until what the connection holds is full.
  await sleep(3_000);
  expect(await gateway.rows('select from holds')).toHaveLength(1);
  const because = { reason: 'nobody reads it' };
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${unread.run_id}/kill`, because));
  expect(await settledRecord(unread.run_id)).toMatchObject({ execution_status: 'cancelled', verdict: 'kill' });
  const headers = { 'x-aos-agent-id': 'reads-nothing' };
  expectStatus(200, await gateway.admin.post('/v1/chat/completions', wires.chat.body({}), { headers }));
  unread.leave();
});

test('a plain call whose caller leaves is read to its end and charged in full', async () => {
  const { agent, control_id } = await agentWith(10_000);
  const leaving = new AbortController();
  const body = wires.chat.body({ delay_ms: 500, output_tokens: 90 });
  const options = { headers: { 'x-aos-agent-id': agent }, signal: leaving.signal };
  const before = gateway.stub.log.length;
  const answer = expect(gateway.admin.post('/v1/chat/completions', body, options)).rejects.toThrow();
  await waitFor(() => gateway.stub.log.length > before, { what: 'the call at the provider', interval_ms: 5 });
  leaving.abort();
  const left_at = now();
  await answer;
  await gateway.untilSettled();
  expect(lastLog().first_byte_at).toBeGreaterThan(left_at);
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
    // What had begun was made, and billed: a client that repeats it pays for it once more.
    expect(answer.headers.get('x-should-retry')).toBe(reset_after_chunks === 0 ? null : 'false');
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
  expect(incident?.title).toContain('used 130 tokens where 100 were reserved');
});

describe('when what happened cannot be written', () => {
  const without = async (table: string, work: () => Promise<void>) => {
    await gateway.change(`alter table ${table} rename to out_of_reach`);
    try {
      await work();
    } finally {
      await gateway.change(`alter table out_of_reach rename to ${table}`);
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
