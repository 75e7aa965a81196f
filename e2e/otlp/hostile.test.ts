import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../parts/gateway.ts';
import { batch, chat, spanId, traceId } from './batches.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ AOS_BODY_LIMIT_BYTES: '8000000' });
});
afterAll(() => gateway?.stop());

async function send(body: Uint8Array | string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${gateway.server.url}/v1/traces`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.server.admin_key}`,
      'content-type': 'application/x-protobuf',
      ...headers,
    },
    body: new Uint8Array(Buffer.from(body)),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    bytes: Buffer.from(await answer.arrayBuffer()),
  };
}

const delimited = (field: number, inner: Uint8Array): Buffer =>
  Buffer.from(
    protobuf.Writer.create()
      .uint32((field << 3) | 2)
      .bytes(inner)
      .finish(),
  );
const json = { 'content-type': 'application/json' };

/** A request around one span with these bytes. */
const around = (span: Uint8Array) => delimited(1, delimited(2, delimited(2, span)));

/** `google.rpc.Status`: its message. */
function messageOf(bytes: Buffer): string {
  const reader = protobuf.Reader.create(bytes);
  reader.uint32();
  reader.int32();
  reader.uint32();
  return reader.string();
}

it('answers broken bytes with a status in the encoding they came in', async () => {
  const whole = around(delimited(9, delimited(1, Buffer.from('key'))));
  for (const bytes of [
    Buffer.from([0xff, 0xff]),
    whole.subarray(0, -1),
    Buffer.from('hello'),
    Buffer.alloc(64, 0x0b),
  ]) {
    const answer = await send(bytes);
    expect([answer.status, answer.type]).toEqual([400, 'application/x-protobuf']);
    expect(messageOf(answer.bytes)).toContain('protobuf');
  }
  const broken = await send('{"resourceSpans": [', json);
  expect([broken.status, JSON.parse(broken.bytes.toString())]).toMatchObject([400, { code: 3 }]);
  expect((await send('{"resourceSpans": {}}', json)).status).toBe(400);
  expect((await send(Buffer.alloc(0))).status).toBe(200);
});

it('refuses other types, other compressions, and what unpacks to too much', async () => {
  expect((await send('hello', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await send('{}', { ...json, 'content-encoding': 'br' })).status).toBe(415);
  expect((await send('no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
  expect((await send(gzipSync(Buffer.alloc(100_000_000)), { 'content-encoding': 'gzip' })).status).toBe(413);
  expect((await send(Buffer.alloc(8_000_001))).status).toBe(413);
});

it('survives deep nesting and huge counts, and answers in good time', async () => {
  // From the inside out, by the heads alone: to wrap each level whole would copy a gigabyte.
  const heads: Uint8Array[] = [];
  let length = 0;
  for (let n = 0; n < 40_000; n++) {
    const head = protobuf.Writer.create()
      .uint32(((n % 2 === 0 ? 1 : 5) << 3) | 2)
      .uint32(length)
      .finish();
    heads.push(head);
    length += head.length;
  }
  const deep = Buffer.concat(heads.reverse());
  const nested = around(
    delimited(9, Buffer.concat([delimited(1, Buffer.from('gen_ai.input.messages')), delimited(2, deep)])),
  );
  const groups = around(Buffer.alloc(3_000_000, (20 << 3) | 3));
  const spans = delimited(1, delimited(2, Buffer.alloc(7_000_000, Buffer.from([0x12, 0x00]))));
  const attributes = around(Buffer.alloc(7_000_000, Buffer.from([0x4a, 0x00])));
  // What is taken shows how fast the machine is.
  const taken_at = performance.now();
  expect((await send(nested)).status).toBe(200);
  const begun = performance.now();
  expect((await send(groups)).status).toBe(400);
  expect((await send(spans)).status).toBe(413);
  expect((await send(attributes)).status).toBe(413);
  const lists = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect((await send(`{"resourceSpans": ${lists}}`, json)).status).toBe(400);
  expect(
    (await send(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: Array(20_000).fill({}) }] }] }), json)).status,
  ).toBe(413);
  expect(performance.now() - begun).toBeLessThan(20_000 + 20 * (begun - taken_at));
  expect((await fetch(`${gateway.server.url}/health`)).status).toBe(200);
});

it('takes the good spans of a batch and says of the bad ones how many and why', async () => {
  const trace_id = traceId();
  const now = Date.now();
  const day = 86_400_000;
  const attributes = chat();
  const bad = [
    { trace_id: 'abc', span_id: spanId(), attributes },
    { trace_id: '0'.repeat(32), span_id: spanId(), attributes },
    { trace_id, span_id: '0'.repeat(16), attributes },
    { trace_id, span_id: spanId(), attributes, start_ms: 0, end_ms: 0 },
    { trace_id, span_id: spanId(), attributes, start_ms: now, end_ms: now - 5_000 },
    { trace_id, span_id: spanId(), attributes, start_ms: now, end_ms: now + day },
    { trace_id, span_id: spanId(), attributes, start_ms: now - 40 * day, end_ms: now - 40 * day + 5 },
    { trace_id, span_id: spanId(), attributes, start_ms: now - 20 * day, end_ms: now },
    { trace_id, span_id: spanId(), attributes: { ...attributes, 'gen_ai.agent.id': 'agent\u0000\u{1F600}' } },
  ];
  const odd = {
    'gen_ai.usage.input_tokens': -5,
    'gen_ai.usage.output_tokens': 1e12,
    'gen_ai.request.model': 'a\u0000b\ud800'.repeat(300),
    'gen_ai.operation.name': 'constructor',
    __proto__: 'x',
  };
  const good = [
    { trace_id, span_id: spanId(), name: 'x'.repeat(10_000), attributes: { ...attributes, ...odd } },
    { trace_id, span_id: spanId(), attributes: { ...attributes, ...odd, 'gen_ai.operation.name': 'chat' } },
  ];
  const answer = await send(JSON.stringify(batch([...bad, ...good])), json);
  const said = JSON.parse(answer.bytes.toString()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  expect([answer.status, said.partialSuccess.rejectedSpans]).toEqual([200, String(bad.length)]);
  expect(said.partialSuccess.errorMessage).toContain('trace id');
  const steps = await gateway.rows(
    "select s.* from steps s join runs r on r.id = s.run_id where r.tags ->> 'otel.trace_id' = $1",
    [trace_id],
  );
  expect(steps).toHaveLength(good.length);
});
