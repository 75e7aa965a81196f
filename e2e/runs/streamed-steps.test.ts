import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider, expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, recordsOf, startGateway } from '../parts/gateway.ts';

/** Tells of every signal of the process to which so many listen at once. */
const many = 4;
const listening = `const counts = new WeakMap();
const counting = (name, by) => {
  const before = EventTarget.prototype[name];
  EventTarget.prototype[name] = function (...of) {
    if (this instanceof AbortSignal) counts.set(this, (counts.get(this) ?? 0) + by);
    if (counts.get(this) === ${many}) console.log('a signal with ${many} listeners');
    return before.apply(this, of);
  };
};
counting('addEventListener', 1);
counting('removeEventListener', -1);`;

let gateway: Gateway;
beforeAll(async () => {
  const preload = `data:text/javascript,${encodeURIComponent(listening)}`;
  gateway = await startGateway({ NODE_OPTIONS: `--import=${preload}` });
});
afterAll(() => gateway?.stop());

interface Run {
  id: string;
  status: string;
  termination_reason: string | null;
  result: unknown;
  failure: { code: string } | null;
}

interface Incident {
  title: string;
  occurrences: number;
}

const start = async (agent_id: string, directive: object, params: object = {}, max_retries = 0) => {
  const prompt = `Answer. stub: ${JSON.stringify(directive)}`;
  const ask = { id: 'ask', skill: 'llm', params: { prompt, model: 'openai/gpt-4o-mini', ...params } };
  const body = { goal: 'streamed', agent_id, plan: { steps: [ask] }, max_retries };
  return expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', body)).id;
};
const ended = (id: string) =>
  waitFor(
    async () => {
      const run = expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
      return !/^(?:queued|running|retry)$/.test(run.status) && run;
    },
    { what: `the end of ${id}` },
  );
const requestOf = (label: string) => gateway.stub.log.find((entry) => entry.label === label);

test('a step of a model is streamed from the provider, and its answer and figures are whole', async () => {
  const id = await start(
    'whole',
    { label: 'whole', text: 'One two three four.', input_tokens: 12 },
    { max_tokens: 50 },
  );
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'One two three four.' });
  const [record] = await recordsOf(gateway, id);
  expect(record).toMatchObject({ streamed: true, execution_status: 'succeeded', usage_source: 'provider' });
  expect(Number(record?.input_tokens)).toBe(12);
});

test('steps that are streamed leave nothing behind that listens for them', async () => {
  const directive = { text: 'One.', input_tokens: 12 };
  for (let n = 0; n < many; n++)
    expect(await ended(await start('many', directive, { max_tokens: 50 }))).toMatchObject({ status: 'succeeded' });
  expect(gateway.server.output()).not.toContain('listeners');
});

test('a run that is killed ends its call in the middle, and is charged for what came', async () => {
  const id = await start('long', { label: 'long', output_tokens: 2_000, chunk_delay_ms: 20 }, { max_tokens: 2_000 });
  await waitFor(() => requestOf('long')?.first_byte_at, { what: 'the first part of the answer' });
  // A few parts more: forty seconds of them would come.
  await new Promise((resolve) => setTimeout(resolve, 800));
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/kill`, { reason: 'enough' }));
  await waitFor(() => requestOf('long')?.closed_by === 'client', { what: 'the closed connection' });
  expect(await ended(id)).toMatchObject({ status: 'cancelled', termination_reason: 'USER_ABORT' });
  await gateway.untilSettled();
  const [record] = await recordsOf(gateway, id);
  expect(record).toMatchObject({ streamed: true, execution_status: 'cancelled', usage_source: 'estimated' });
  expect(Number(record?.output_tokens)).toBeGreaterThan(0);
  expect(Number(record?.output_tokens)).toBeLessThan(1_000);
});

test('a run whose provider ignores the bound is ended at what its limit pays for', async () => {
  const limit = { type: 'tokens_output', max: 60, window: { per: 'run' } };
  await limitAgent(gateway, 'capped', { limit, action: 'block' });
  const id = await start('capped', { label: 'capped', output_tokens: 5_000, ignore_max_tokens: true });
  const run = await ended(id);
  expect(run).toMatchObject({ status: 'failed_policy', termination_reason: 'BUDGET_EXCEEDED' });
  const [record] = await recordsOf(gateway, id);
  expect(record).toMatchObject({ execution_status: 'cut', streamed: true });
  expect(Number(record?.output_tokens)).toBeLessThanOrEqual(60);
});

test('a stream that breaks off fails the step, and its half answer is no result', async () => {
  const id = await start('broken', { label: 'broken', output_tokens: 50, reset_after_chunks: 3 }, { max_tokens: 50 });
  expect(await ended(id)).toMatchObject({ status: 'failed', failure: { code: 'provider_unreachable' } });
  const rows = await gateway.rows('select state, output_envelope from planned_steps where run_id = $1', [id]);
  expect(rows).toEqual([{ state: 'failed', output_envelope: null }]);
});

test('an error that the provider tells inside a stream fails the run, and is not tried again', async () => {
  const directive = { label: 'told', output_tokens: 50, error_after_chunks: 9 };
  const id = await start('told', directive, { max_tokens: 50 }, 3);
  expect(await ended(id)).toMatchObject({ status: 'failed', failure: { code: 'provider_error' } });
  expect(gateway.stub.log.filter(({ label }) => label === 'told')).toHaveLength(1);
});

describe('an error as the first event of a stream', () => {
  const text = { choices: [{ index: 0, delta: { content: 'Hello' } }] };
  const busy = { error: { type: 'overloaded_error', message: 'Overloaded' } };
  const streams: Record<string, object[]> = {
    busy: [busy],
    wrong: [{ error: { type: 'invalid_request_error', message: 'No.' } }],
    refused: [{ error: { code: 400, message: 'No.' } }],
    late: [text, busy],
  };
  let provider: ScriptedProvider;
  beforeAll(async () => {
    provider = await scriptedProvider((response, { body }) => {
      const { model } = JSON.parse(body) as { model: string };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(streams[model]?.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
    });
    await addProvider(gateway.admin, { slug: 'short', kind: 'openai', base_url: provider.url, secret: 'sk-none' });
  });
  afterAll(() => provider?.close());
  const spent = async (id: string) => {
    await gateway.untilSettled();
    return (await recordsOf(gateway, id)).map((of) => [of.error_code, of.usage_source, of.output_tokens]);
  };

  const incidentsOf = async (id: string) => {
    const path = `/api/v1/incidents?run=${id}`;
    const { items } = expectStatus(200, await gateway.admin.get<{ items: Incident[] }>(path));
    return items.map(({ title, occurrences }) => [title, occurrences]);
  };

  test('is a refusal when it says that it passes: free, and tried again', async () => {
    const id = await start('busy', {}, { model: 'short/busy', max_tokens: 5 }, 1);
    const waiting = async () =>
      expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`)).status === 'retry';
    await waitFor(waiting, { what: 'the wait for another try' });
    expect(await spent(id)).toEqual([['provider_529', 'none', null]]);
    const [entry] = await gateway.rows(
      "select after from audit_ledger where object_id = $1 and event = 'RUN_RETRY_SCHEDULED'",
      [id],
    );
    expect(entry?.after).toMatchObject({ code: 'provider_529', retry: 1 });
  });

  test('ends the run when it does not say so', async () => {
    const id = await start('wrong', {}, { model: 'short/wrong', max_tokens: 5 }, 1);
    expect(await ended(id)).toMatchObject({ status: 'failed', failure: { code: 'provider_error' } });
    expect(await spent(id)).toEqual([['provider_error', 'none', null]]);
  });

  test('opens the incident of the run when it is the mistake of the caller, as such a status does', async () => {
    const told = await start('refused', {}, { model: 'short/refused', max_tokens: 5 });
    const answered = await start('answered', { error: 400 }, { max_tokens: 5 });
    const busy = await start('limited', { error: 429 }, { max_tokens: 5 });
    for (const [id, code] of [
      [told, 'provider_400'],
      [answered, 'provider_400'],
      [busy, 'provider_429'],
    ] as const) {
      expect(await ended(id)).toMatchObject({ status: 'failed', failure: { code } });
      await gateway.untilSettled();
      expect(await incidentsOf(id)).toEqual([[expect.stringContaining(code.slice(-3)), 1]]);
    }
  });

  test('is none behind a text, which has been paid for', async () => {
    const id = await start('late', {}, { model: 'short/late', max_tokens: 5 }, 1);
    expect(await ended(id)).toMatchObject({ status: 'failed', failure: { code: 'provider_error' } });
    expect(await spent(id)).toEqual([['provider_error', 'estimated', '1']]);
  });
});

test('a provider that cannot stream answers in one piece', async () => {
  const asked: boolean[] = [];
  const plain = createServer((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => {
      body += part.toString();
    });
    req.on('end', () => {
      asked.push((JSON.parse(body) as { stream?: boolean }).stream === true);
      const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
      const choices = [{ index: 0, message: { role: 'assistant', content: 'In one.' }, finish_reason: 'stop' }];
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'c', choices, usage }));
    });
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/v1`;
  await addProvider(gateway.admin, { slug: 'plain', kind: 'openai', base_url, secret: 'sk-none' });
  const id = await start('plain', {}, { model: 'plain/one', max_tokens: 5 });
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'In one.' });
  expect(asked).toEqual([true]);
  plain.close();
  plain.closeAllConnections();
});
