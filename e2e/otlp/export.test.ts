import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePolicy, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let gateway: Gateway;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  gateway = await startGateway({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=search%20team,authorization=Bearer%20secret',
    OTEL_SERVICE_NAME: 'control',
    AOS_RUN_IDLE_SECONDS: '1',
  });
});
afterAll(async () => {
  await gateway?.stop();
  await receiver?.close();
});

async function call(headers: Record<string, string> = {}) {
  const answer = await fetch(`${gateway.server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(wires.chat.body({ output_tokens: 12 })),
  });
  await answer.arrayBuffer();
  return { status: answer.status, run_id: answer.headers.get('x-aos-run-id') ?? '' };
}

const spanOf = (run_id: string, operation: string) =>
  waitFor(
    () =>
      receiver.spans.find(
        ({ attributes: of }) => of['aos.run.id'] === run_id && of['gen_ai.operation.name'] === operation,
      ),
    { what: `the ${operation} span of ${run_id}` },
  );

it('tells of a call and its run, as the conventions say', async () => {
  const { run_id } = await call({ 'x-aos-agent-id': 'researcher', 'x-aos-session-id': 'talk' });
  const step = await spanOf(run_id, 'chat');
  expect(step).toMatchObject({ name: 'chat gpt-4o-mini', kind: 3, error: null });
  expect(step.attributes).toMatchObject({
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.usage.output_tokens': 12,
    'gen_ai.agent.id': 'researcher',
    'gen_ai.conversation.id': 'talk',
    'aos.decision.verdict': 'continue',
    'aos.cost_usd': expect.stringMatching(/^0\.0+[1-9]\d*$/),
    'aos.content.input.hash': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });
  expect(step.resource).toMatchObject({ 'service.name': 'control' });
  expect(receiver.headers[0]).toMatchObject({ 'x-team': 'search team', authorization: 'Bearer secret' });
  const run = await spanOf(run_id, 'invoke_agent');
  expect(run).toMatchObject({ name: 'invoke_agent researcher', trace_id: step.trace_id, parent_span_id: null });
  expect(step.parent_span_id).toBe(run.span_id);
  expect(run.attributes).toMatchObject({ 'aos.run.status': 'succeeded', 'aos.run.calls': 1 });
  expect(run.attributes['aos.cost_usd']).toBe(step.attributes['aos.cost_usd']);
  expect(JSON.stringify(receiver.spans.map(({ attributes }) => attributes))).not.toContain('aos_');
});

it("goes on in the caller's trace, unless the caller keeps it unsampled", async () => {
  const [trace_id, span_id] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const unsampled = await call({ traceparent: `00-${trace_id}-${span_id}-00` });
  const broken = await call({ traceparent: `00-${'0'.repeat(32)}-${span_id}-01` });
  const { run_id } = await call({ traceparent: `00-${trace_id}-${span_id}-01` });
  expect(await spanOf(run_id, 'chat')).toMatchObject({ trace_id, parent_span_id: span_id });
  expect(await spanOf(run_id, 'invoke_agent')).toMatchObject({ trace_id, parent_span_id: span_id });
  expect((await spanOf(broken.run_id, 'chat')).trace_id).not.toBe(trace_id);
  expect(receiver.spans.filter(({ attributes }) => attributes['aos.run.id'] === unsampled.run_id)).toEqual([]);
});

it('tells of a refusal with the policy that made it', async () => {
  const policy = await makePolicy(gateway.admin, {
    name: 'Nothing for the banned',
    target: { kind: 'agent', ids: ['banned'] },
    controls: [{ limit: { type: 'requests', max: 0, window: { per: 'day' } }, action: 'block' }],
  });
  const { status, run_id } = await call({ 'x-aos-agent-id': 'banned' });
  expect(status).toBe(402);
  const span = await spanOf(run_id, 'chat');
  expect(span.attributes).toMatchObject({
    'aos.decision.verdict': 'block',
    'aos.policy.id': policy.id,
    'aos.step.status': 'blocked',
    'error.type': 'quota_exceeded',
  });
  expect(span.error).not.toBeNull();
});

it('changes nothing for callers when the collector refuses, hangs or is gone, and counts what is lost', async () => {
  const counted = async (outcome: string) => {
    const text = await (await fetch(`${gateway.server.url}/metrics`)).text();
    return Number(new RegExp(`aos_otel_spans_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  expect(await counted('sent')).toBeGreaterThan(0);
  receiver.status = 400;
  expect((await call()).status).toBe(200);
  await waitFor(async () => (await counted('refused')) > 0, { what: 'a counted refusal' });
  receiver.status = 0;
  const slow = receiver.headers.length;
  expect((await call()).status).toBe(200);
  await waitFor(() => receiver.headers.length > slow, { what: 'a batch that is not answered' });
  const [calls, deadline_ms] = [20, 10_000];
  const begun = performance.now();
  for (let n = 0; n < calls; n++) expect((await call()).status).toBe(200);
  // Each that waited for the collector would wait for its deadline.
  expect(performance.now() - begun).toBeLessThan((calls * deadline_ms) / 2);
  await receiver.close();
  await waitFor(async () => (await counted('unreachable')) > 0, { what: 'counted losses' });
  expect((await call()).status).toBe(200);
});
