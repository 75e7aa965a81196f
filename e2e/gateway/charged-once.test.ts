import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

/** A process that waits for a second only when it is told to stop. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ AOS_DRAIN_MS: '1000' });
});
afterAll(() => gateway?.stop());

// Official clients repeat 429 and 5xx by themselves: what was sent is charged, and would be charged once more.
const slow = { delay_ms: 20_000, output_tokens: 5 };
const thrownBy = (call: PromiseLike<unknown>) =>
  Promise.resolve(call).then(
    () => 'an answer',
    (error: unknown) => error,
  );
const chat = (agent: string) =>
  thrownBy(
    gateway.openai().chat.completions.create(wires.chat.body(slow, { max_tokens: 40 }) as never, {
      headers: { 'x-aos-agent-id': agent },
    }),
  );
const message = (agent: string) =>
  thrownBy(
    gateway.anthropic().messages.create(wires.messages.body(slow) as never, { headers: { 'x-aos-agent-id': agent } }),
  );
const recordsFor = (agent: string) =>
  gateway.rows(
    `select l.error_code, l.execution_status, l.usage_source from llm_run_records l join agents a on a.id = l.agent_id
      where a.slug = $1`,
    [agent],
  );
const untilSent = (before: number, calls: number) =>
  waitFor(() => gateway.stub.log.length === before + calls, { what: 'the calls at the provider' });

test('a plain call that a pause ended after it was sent is not repeated by its client', async () => {
  const before = gateway.stub.log.length;
  const thrown = chat('paused');
  await untilSent(before, 1);
  const rule = { type: 'model_access', params: { deny: ['gpt-4o-mini'] } };
  await limitAgent(gateway, 'paused', { rule, action: 'pause', pause: { wait_seconds: 1 } });
  const error = await thrown;
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(error).toMatchObject({ code: 'run_paused', error: { details: { retryable: false } } });
  expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('x-should-retry')).toBe('false');
  expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBeNull();
  expect(gateway.stub.log.length - before).toBe(1);
  expect(await recordsFor('paused')).toMatchObject([{ error_code: 'run_paused', usage_source: 'estimated' }]);
});

test('plain calls that a restart ended after they were sent are not repeated by their clients', async () => {
  const before = gateway.stub.log.length;
  const thrown = [chat('restarted'), message('restarted')];
  await untilSent(before, 2);
  // What is repeated would find the new process at the same place.
  await gateway.restart(async () => undefined);
  const [by_openai, by_anthropic] = await Promise.all(thrown);
  expect(by_openai).toBeInstanceOf(OpenAI.InternalServerError);
  expect(by_openai).toMatchObject({ status: 503, code: 'server_stopping', error: { details: { retryable: false } } });
  expect(by_anthropic).toBeInstanceOf(Anthropic.InternalServerError);
  expect(by_anthropic).toMatchObject({ status: 503, error: { error: { code: 'server_stopping' } } });
  expect(gateway.stub.log.length - before).toBe(2);
  const records = await recordsFor('restarted');
  expect(records).toHaveLength(2);
  for (const record of records)
    expect(record).toMatchObject({ execution_status: 'cancelled', error_code: 'server_stopping' });
});
