import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

test('the Idempotency-Key of a plain call is taken until the call is settled, though its caller leaves', async () => {
  const ask = (directive: object, signal?: AbortSignal) =>
    gateway.admin.post<{ error?: { code: string } }>('/v1/chat/completions', wires.chat.body(directive), {
      headers: { 'idempotency-key': 'left-in-flight' },
      ...(signal && { signal }),
    });
  const leaving = new AbortController();
  const left = ask({ delay_ms: 4_000 }, leaving.signal).catch(() => 'left');
  await waitFor(() => gateway.stub.log.length === 1, { what: 'the call at its provider' });
  leaving.abort();
  expect(await left).toBe('left');
  // Long enough for the server to see that nobody listens any more.
  const answers = [];
  for (const until = Date.now() + 1_000; Date.now() < until; ) answers.push((await ask({})).status);
  expect(new Set(answers)).toEqual(new Set([409]));
  expect(gateway.stub.log).toHaveLength(1);
  await gateway.untilSettled();
  await waitFor(async () => (await ask({})).status === 200, { what: 'the key to be free' });
});
