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

test('an Idempotency-Key that could not be freed is free once the database is back', async () => {
  const { rows, stub } = gateway;
  const ask = (key: string, directive: object) =>
    gateway.admin.post('/v1/chat/completions', wires.chat.body(directive), { headers: { 'idempotency-key': key } });
  const before = stub.log.length;
  const asked = ['asked-again', 'left-alone'].map((key) => ask(key, { delay_ms: 3_000 }));
  await waitFor(() => stub.log.length === before + 2, { what: 'the calls at their provider' });
  await gateway.change('alter table idempotency_keys rename to out_of_reach');
  for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
  await waitFor(() => /keys? of (an )?answered calls?/.test(gateway.server.output()), {
    what: 'keys that are not freed',
  });
  await gateway.change('alter table out_of_reach rename to idempotency_keys');
  // The process knows that it has no such call in flight; the others know when its claim is gone.
  expect(await ask('asked-again', {})).toMatchObject({ status: 200 });
  const claimed = () => rows("select from idempotency_keys where key like 'call:%'");
  await waitFor(async () => (await claimed()).length === 0, { what: 'the end of all claims', timeout_ms: 15_000 });
});
