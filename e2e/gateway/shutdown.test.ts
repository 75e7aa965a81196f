import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wire_names, wires } from '../parts/gateway.ts';

/** A process that waits for a second and a half only. */
let gateway: Gateway;
beforeAll(async () => {
  // Jobs have their turns as users have them: what waits for the database is not written between two lines of a test.
  gateway = await startGateway({ AOS_DRAIN_MS: '1500', AOS_JOBS_EVERY_MS: '60000' });
});
afterAll(() => gateway?.stop());

test('SIGTERM ends in time what does not end by itself: callers are told, and it is settled', async () => {
  const { server } = gateway;
  const endless = { output_tokens: 50_000, chunk_tokens: 1, chunk_delay_ms: 20, ignore_max_tokens: true };
  const late = { delay_ms: 60_000 };
  const openStream = (wire: (typeof wire_names)[number]) =>
    fetch(server.url + wires[wire].path, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.admin_key}`, 'content-type': 'application/json' },
      body: JSON.stringify(wires[wire].body(endless, { stream: true })),
    });
  const streams = await Promise.all(wire_names.map(openStream));
  const texts = streams.map((stream) => stream.text());
  const plain = gateway.admin.post('/v1/chat/completions', wires.chat.body(late));
  // A plain call goes on after its caller has left, and is waited for all the same.
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const left = gateway.admin.post('/v1/chat/completions', wires.chat.body(late), options).catch(() => 'left');
  // One that a limit pauses waits for room and for a person, and holds nothing.
  const limit = { type: 'tokens_output', max: 10, window: { per: 'day' } };
  await limitAgent(gateway, 'waiting', { limit, action: 'pause', pause: { wait_seconds: 60 } });
  const headers = { 'x-aos-agent-id': 'waiting' };
  const waits = gateway.admin.post('/v1/chat/completions', wires.chat.body({}, { max_tokens: 50 }), { headers });
  await waitFor(async () => (await gateway.rows('select from approvals')).length === 1, { what: 'the waiting call' });
  await waitFor(async () => (await gateway.rows('select from holds')).length === 5, { what: 'the calls under way' });
  leaving.abort();
  expect(await left).toBe('left');
  const began_at = Date.now();
  process.kill(server.pid, 'SIGTERM');

  for (const [n, text] of (await Promise.all(texts)).entries()) {
    const events = text.trim().split('\n\n');
    expect(events.length, wire_names[n]).toBeGreaterThan(10);
    expect(events.at(-1), wire_names[n]).toContain('"code":"server_stopping"');
  }
  expect(await plain).toMatchObject({ status: 503, body: { error: { code: 'server_stopping' } } });
  const told = await waits;
  expect(told).toMatchObject({ status: 503, body: { error: { code: 'server_stopping' } } });
  expect(told.headers.get('retry-after')).toBe('2');
  expect(Date.now() - began_at).toBeGreaterThan(1_400);
  expect(await server.exited).toEqual({ code: 0, signal: null });

  expect(await gateway.rows('select from holds')).toEqual([]);
  const records = await gateway.rows('select execution_status, error_code, output_tokens from llm_run_records');
  expect(records).toHaveLength(5);
  for (const record of records) {
    expect(record).toMatchObject({ execution_status: 'cancelled', error_code: 'server_stopping' });
    expect(Number(record.output_tokens)).toBeGreaterThan(10);
  }
  expect(await gateway.rows('select title from incidents')).toEqual([]);
});

test('SIGTERM writes what waited for the database, and loses no call that was answered without it', async () => {
  await gateway.restart();
  const { server } = gateway;
  await gateway.change('alter table llm_run_records rename to out_of_reach');
  const asked = Array.from({ length: 3 }, () =>
    gateway.admin.post('/v1/chat/completions', wires.chat.body({ output_tokens: 25 })),
  );
  for (const { status, text } of await Promise.all(asked)) {
    expect(status).toBe(503);
    expect(text).toContain('It will be written when the database is back');
  }
  await gateway.change('alter table out_of_reach rename to llm_run_records');
  process.kill(server.pid, 'SIGTERM');
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(await gateway.rows('select from holds')).toEqual([]);
  const records = await gateway.rows(
    "select execution_status, output_tokens from llm_run_records where error_code is distinct from 'server_stopping'",
  );
  expect(records).toEqual(Array.from({ length: 3 }, () => ({ execution_status: 'succeeded', output_tokens: '25' })));
});
