import { gzipSync } from 'node:zlib';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';
import { batch, chat, type SaidSpan, spanId, traceId } from './batches.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

async function send(body: Buffer | string, headers: Record<string, string> = {}, key = gateway.server.admin_key) {
  const answer = await fetch(`${gateway.server.url}/v1/traces`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.toString() };
}

const report = (spans: readonly SaidSpan[], key?: string) => send(JSON.stringify(batch(spans)), {}, key);

interface Run {
  id: string;
  source: string;
  status: string;
  calls: number;
  agent_slug: string;
  session_external_id: string;
  estimated_cost_usd: string;
  tags: Record<string, string>;
}
interface Step {
  id: string;
  kind: string;
  source: string;
  parent_step_id: string | null;
  decision_id: string | null;
  cost_usd: string | null;
  params: Record<string, string>;
}

async function runOf(trace_id: string): Promise<Run | undefined> {
  const { items } = expectStatus(
    200,
    await gateway.admin.get<{ items: Run[] }>('/api/v1/runs?source=reported&limit=200'),
  );
  return items.find((run) => run.tags['otel.trace_id'] === trace_id);
}
const stepsOf = async (run: Run | undefined) =>
  expectStatus(200, await gateway.admin.get<{ items: Step[] }>(`/api/v1/runs/${run?.id}/steps`)).items;

describe.each([
  ['protobuf', ProtobufExporter],
  ['JSON', JsonExporter],
] as const)('what the official exporter sends in %s', (encoding, Exporter) => {
  it('becomes a run with its steps, costs and parents', async () => {
    const headers = { authorization: `Bearer ${gateway.server.admin_key}` };
    const exporter = new Exporter({ url: `${gateway.server.url}/v1/traces`, headers, compression: 'gzip' as never });
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer('agent');
    const { setSpan, root: none } = await contexts();
    const agent = { 'gen_ai.agent.id': `researcher-${encoding}`, 'gen_ai.conversation.id': `talk-${encoding}` };
    const top = tracer.startSpan('invoke_agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent', ...agent } });
    const model = tracer.startSpan('chat gpt-4o-mini', { attributes: chat() }, setSpan(none, top));
    const tool = tracer.startSpan(
      'execute_tool search',
      { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' } },
      setSpan(none, top),
    );
    tool.setStatus({ code: SpanStatusCode.ERROR, message: 'no network' });
    for (const span of [model, tool, top]) span.end();
    await provider.shutdown();

    const run = await runOf(top.spanContext().traceId);
    expect(run).toMatchObject({
      ...{ source: 'reported', mode: 'reported', status: 'succeeded', calls: 1, input_tokens: 1000 },
      ...{ agent_slug: `researcher-${encoding}`, session_external_id: `talk-${encoding}` },
      // 1,000 tokens in at 0.15 and 100 out at 0.60 dollars a million.
      estimated_cost_usd: '0.000210000',
    });
    const steps = await stepsOf(run);
    const root = steps.find(({ params }) => params.operation === 'invoke_agent');
    expect(steps.map(({ kind, source, decision_id }) => [kind, source, decision_id]).sort()).toEqual([
      ['llm', 'reported', null],
      ['tool', 'reported', null],
      ['transform', 'reported', null],
    ]);
    expect(steps.filter(({ parent_step_id }) => parent_step_id === root?.id)).toHaveLength(2);
    expect(steps.find(({ kind }) => kind === 'tool')).toMatchObject({ status: 'failed', skill: 'search' });
  });
});

/** The context API, by name of what is used of it. */
async function contexts() {
  const { ROOT_CONTEXT } = await import('@opentelemetry/api');
  return { setSpan: trace.setSpan, root: ROOT_CONTEXT };
}

it('changes nothing when a batch comes again, in another encoding of its bytes too', async () => {
  const trace_id = traceId();
  const spans = [
    { trace_id, span_id: spanId(), attributes: chat(), end_ms: Date.now() },
    { trace_id, span_id: spanId(), attributes: chat(), end_ms: Date.now() - 500 },
  ];
  expect((await report(spans)).text).toBe('{}');
  const tables = ['runs', 'steps', 'traces', 'llm_run_records', 'reported_spans', 'balances', 'holds'];
  const all = () => Promise.all(tables.map((table) => gateway.rows(`select * from ${table} t order by t::text`)));
  const before = await all();
  const packed = gzipSync(JSON.stringify(batch(spans)));
  expect((await send(packed, { 'content-encoding': 'gzip' })).status).toBe(200);
  await Promise.all([report(spans), report([spans[0] as SaidSpan])]);
  expect(await all()).toEqual(before);
  expect(await runOf(trace_id)).toMatchObject({ calls: 2, estimated_cost_usd: '0.000420000' });
});

it('hangs children below a parent that comes later, past spans that are about nothing here', async () => {
  const trace_id = traceId();
  const [root, http, child] = [spanId(), spanId(), spanId()];
  await report([
    { trace_id, span_id: child, parent: http, attributes: chat() },
    { trace_id, span_id: http, parent: root, name: 'GET', attributes: { 'http.method': 'GET' } },
  ]);
  const open = await runOf(trace_id);
  expect(open).toMatchObject({ status: 'running' });
  for (const act of ['kill', 'pause', 'cancel']) {
    const refused = await gateway.admin.post(`/api/v1/runs/${open?.id}/${act}`, { reason: 'a test' });
    expect([act, refused.status, refused.text]).toEqual([act, 409, expect.stringContaining('only reported')]);
  }
  await report([{ trace_id, span_id: root, failed: true, attributes: { 'gen_ai.operation.name': 'invoke_workflow' } }]);
  const run = await runOf(trace_id);
  expect(run).toMatchObject({ status: 'failed', termination_reason: 'SYSTEM_FAILURE', outcome_record: 'FAILURE' });
  const steps = await stepsOf(run);
  const top = steps.find(({ params }) => params.operation === 'invoke_workflow');
  expect(steps.find(({ kind }) => kind === 'llm')?.parent_step_id).toBe(top?.id);
  const shown = await gateway.admin.get(`/api/v1/runs/${run?.id}/trace`);
  expect(shown.body).toMatchObject({ summary: { steps_total: 2, steps_failed: 1, cost_usd: '0.000210000' } });
});

it('never counts: no limit is used up, no hold taken, no decision made, no spend shown unless asked for', async () => {
  await makePolicy(gateway.admin, {
    name: 'One request a day',
    target: { kind: 'all_runs' },
    controls: [
      { limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' },
      { limit: { type: 'cost_usd', max: '0.000001', window: { per: 'day' } }, action: 'kill' },
    ],
  });
  const trace_id = traceId();
  const spans = Array.from({ length: 5 }, () => ({ trace_id, span_id: spanId(), attributes: chat() }));
  expect((await report(spans)).status).toBe(200);
  const run = await runOf(trace_id);
  expect(run).toMatchObject({ calls: 5, refused_calls: 0, policy_snapshot_id: null });
  expect(await gateway.rows('select from balances where posted <> 0 or pending <> 0')).toEqual([]);
  expect((await gateway.admin.get(`/api/v1/runs/${run?.id}/decisions`)).body).toMatchObject({ items: [], total: 0 });
  const metrics = async (query: string) =>
    (await gateway.admin.get<{ totals: { calls: number } }>(`/api/v1/activity/metrics${query}`)).body.totals.calls;
  expect(await metrics('')).toBe(0);
  expect(await metrics('?source=reported')).toBeGreaterThanOrEqual(5);
  const records = await gateway.admin.get<{ items: object[] }>(`/api/v1/logs/llm-runs?source=reported&run=${run?.id}`);
  expect(records.body.items).toHaveLength(5);
});

it('keeps hashes of content and none of the content', async () => {
  const trace_id = traceId();
  await report([
    {
      trace_id,
      span_id: spanId(),
      attributes: chat({ 'gen_ai.input.messages': '[{"role":"user","content":"swordfish"}]' }),
    },
  ]);
  const [record] = await gateway.rows("select * from llm_run_records where tags ->> 'otel.trace_id' = $1", [trace_id]);
  expect(record?.prompt_hash).toMatch(/^[0-9a-f]{64}$/);
  const everywhere = await Promise.all(
    ['runs', 'steps', 'llm_run_records'].map((table) => gateway.rows(`select t::text from ${table} t`)),
  );
  expect(JSON.stringify(everywhere)).not.toContain('swordfish');
});

it('speaks for the agents of its key only, and keeps projects and tenants apart', async () => {
  const other = expectStatus(
    201,
    await gateway.admin.post<{ api_key: { secret: string } }>('/api/v1/tenants', { slug: 'other' }),
  ).api_key.secret;
  const agent = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/agents', { slug: 'bound' }));
  const bound = await makeKey(gateway.admin, { role: 'service', agent_ids: [agent.id] });
  const trace_id = traceId();
  const own = { trace_id, span_id: spanId(), attributes: chat() };
  const strange = { trace_id, span_id: spanId(), attributes: chat({ 'gen_ai.agent.id': 'somebody-else' }) };
  const answer = JSON.parse((await report([own, strange], bound.secret)).text) as Record<string, unknown>;
  expect(answer).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
  expect(JSON.stringify(answer)).toContain('not bound');
  expect(await runOf(trace_id)).toMatchObject({ agent_slug: 'bound', calls: 1, identity: 'bound' });

  // The same trace told by another tenant is another run there, and the first one stays as it is.
  expect((await report([{ ...own, span_id: spanId() }], other)).text).toBe('{}');
  expect(await runOf(trace_id)).toMatchObject({ calls: 1 });
  const runs = await gateway.rows("select tenant_id from runs where tags ->> 'otel.trace_id' = $1", [trace_id]);
  expect(new Set(runs.map((row) => row.tenant_id)).size).toBe(2);
  expect((await send('{}', {}, 'aos-but-not-one-of-ours-at-all')).status).toBe(401);
});
