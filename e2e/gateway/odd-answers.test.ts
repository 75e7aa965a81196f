import type { ServerResponse } from 'node:http';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider } from '../parts/client.ts';
import { type WireName, wire_names, wires } from '../parts/gateway.ts';
import { agentWith, gateway, gaugeOf, settledRecord, withGateway } from './stream-parts.ts';

withGateway();

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (delta: object) => event({ id: 'c', choices: [{ index: 0, delta, finish_reason: null }] });
const anthropic = (delta: object) => event({ type: 'content_block_delta', index: 0, delta });

/** A provider whose model names say how its answer differs from what is documented. */
const labels: Record<string, string | undefined> = {
  unlabelled: undefined,
  'in-capitals': 'Text/Event-Stream; Charset=UTF-8',
  'as-text': 'text/plain',
  'as-bytes': 'application/octet-stream',
};
const said: Record<string, string> = {
  'in-nested-parts': chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: ' the' }] }] }),
  'in-details': chunk({ reasoning_details: [{ type: 'reasoning.text', text: ' the', id: 'r_1', format: 'x' }] }),
  'in-a-new-member': chunk({ thoughts: ' the' }),
  'in-a-new-delta': anthropic({ type: 'pondering_delta', pondering: ' the' }),
};
const plain: Record<string, [status: number, type: string, body: string]> = {
  redirected: [307, 'text/plain', ''],
  'error-in-200': [200, 'application/json', '{"error":{"code":502,"message":"the model is down"}}'],
  'failed-in-200': [
    200,
    'application/json',
    '{"object":"response","status":"failed","error":{"code":"server_error","message":"down"},"output":[],"usage":{"input_tokens":3,"output_tokens":7,"total_tokens":10}}',
  ],
  'failed-without-usage': [
    200,
    'application/json',
    '{"object":"response","status":"failed","error":{"code":"server_error"},"output":[{"type":"message","content":[{"type":"output_text","text":"half of it"}]}]}',
  ],
  page: [200, 'text/html', '<html>Please sign in.</html>'],
  nothing: [200, 'application/json', ''],
  'long-page': [200, 'text/html', '<p>Please sign in.</p>'.repeat(500)],
  events: [200, 'text/event-stream', chunk({ content: ' the' }).repeat(500)],
  'whole-events': [
    200,
    'text/event-stream',
    [
      chunk({ content: ' the' }),
      event({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      event({ id: 'c', choices: [], usage: { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 } }),
      'data: [DONE]\n\n',
    ].join(''),
  ],
};

/** Two answers of 17 tokens each, a token of either in turn: as one text they are more. */
const in_german = [
  'Donaudampfschifffahrtsgesellschaftskapitän und Rechtsschutzversicherungsgesellschaften',
  'Geschwindigkeitsbegrenzungsschilder an der Bundesautobahnraststätte',
];
const each = 17;
let in_turns = '';
async function takeTurns(): Promise<string> {
  const { encode, decode } = await import('gpt-tokenizer/encoding/o200k_base');
  const pieces = in_german.map((text) =>
    encode(text)
      .slice(0, each)
      .map((token) => decode([token])),
  );
  const turns = Array.from({ length: each }, (_, n) => pieces.map((of, index) => ({ index, content: of[n] })));
  const said = turns.flat().map(({ index, content }) => event({ id: 'c', choices: [{ index, delta: { content } }] }));
  const ends = [0, 1].map((index) => event({ id: 'c', choices: [{ index, delta: {}, finish_reason: 'length' }] }));
  const usage = { prompt_tokens: 3, completion_tokens: 2 * each, total_tokens: 3 + 2 * each };
  return [...said, ...ends, event({ id: 'c', choices: [], usage }), 'data: [DONE]\n\n'].join('');
}

/** Words without end, until the other side closes. */
function talk(answer: ServerResponse, word: string): void {
  const timer = setInterval(() => answer.write(word.repeat(10)), 2);
  answer.on('close', () => clearInterval(timer));
}

let provider: ScriptedProvider;
beforeAll(async () => {
  in_turns = await takeTurns();
  provider = await scriptedProvider((answer, { body }) => {
    const { model } = JSON.parse(body) as { model: string };
    const whole = plain[model];
    if (whole) {
      const [status, type, text] = whole;
      answer.writeHead(status, { 'content-type': type, ...(status === 307 && { location: '/elsewhere' }) }).end(text);
      return;
    }
    if (model.endsWith('in-turns')) {
      const told = model.startsWith('gpt-4o-mini') ? in_turns : in_turns.replace(/data: [^\n]*"usage"[^\n]*\n\n/, '');
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).end(told);
      return;
    }
    const label = model in labels ? labels[model] : 'text/event-stream';
    answer.writeHead(200, label === undefined ? {} : { 'content-type': label });
    talk(answer, said[model] ?? chunk({ content: ' the' }));
  });
  const { url } = provider;
  await addProvider(gateway.admin, { slug: 'odd', kind: 'openai', base_url: `${url}/v1`, secret: 'sk-own' });
  await addProvider(gateway.admin, { slug: 'odd-claude', kind: 'anthropic', base_url: url, secret: 'sk-own' });
});
afterAll(() => provider?.close());

const ask = async (wire: WireName, model: string, more: object = {}) => {
  const { agent, control_id } = await agentWith(100);
  const slug = wire === 'messages' ? 'odd-claude' : 'odd';
  const bound = wire === 'messages' ? { max_tokens: 100 } : {};
  const body = wires[wire].body({}, { model: `${slug}/${model}`, ...bound, ...more });
  const answer = await gateway.admin.post(wires[wire].path, body, { headers: { 'x-aos-agent-id': agent } });
  return { answer, control_id, record: await settledRecord(answer.headers.get('x-aos-run-id') ?? '') };
};

describe('a stream', () => {
  test.each(Object.keys(labels))('%s is read as one: cut at what its limit pays for, and charged so', async (model) => {
    const { answer, control_id, record } = await ask('chat', model, { stream: true });
    expect(answer.text).toContain('token_limit_exceeded');
    expect(record).toMatchObject({ execution_status: 'cut', usage_source: 'estimated', output: 100 });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 100, pending: 0 });
  });

  test.each(Object.keys(said))('that says its words %s is cut at what its limit pays for', async (model) => {
    const wire = model === 'in-a-new-delta' ? 'messages' : 'chat';
    const { control_id, record } = await ask(wire, model, { stream: true });
    expect(record).toMatchObject({ execution_status: 'cut', output: 100 });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 100, pending: 0 });
  });
});

test.each(['gpt-4o-mini-in-turns', 'gpt-4o-in-turns'])(
  'several answers that fill their bounds end as the provider ends them (%s)',
  async (model) => {
    const more = { stream: true, stream_options: { include_usage: true }, n: 2, max_tokens: each };
    const { answer, control_id, record } = await ask('chat', model, more);
    expect(answer.text).not.toContain('error');
    expect(answer.text).toContain('[DONE]');
    expect(record).toMatchObject({ execution_status: 'succeeded', output: 2 * each });
    expect(record.usage_source).toBe(model.includes('mini') ? 'provider' : 'estimated');
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 2 * each, pending: 0 });
  },
);

describe.each(wire_names)('an answer on %s that is none', (wire) => {
  test.each([false, true])(
    'because it leads elsewhere is an error of the provider and free (stream: %s)',
    async (stream) => {
      const { answer, record } = await ask(wire, 'redirected', { stream });
      expect([answer.status, answer.headers.get('x-aos-source')]).toEqual([307, 'provider']);
      expect(record).toMatchObject({ execution_status: 'failed', error_code: 'provider_307', cost_usd: '0.000000000' });
      expect(provider.requests.every(({ path }) => path !== '/elsewhere')).toBe(true);
    },
  );

  test('because it holds an error passes through, failed and free', async () => {
    const { answer, record } = await ask(wire, 'error-in-200');
    expect(answer.text).toBe(plain['error-in-200']?.[2]);
    expect(record).toMatchObject({ execution_status: 'failed', error_code: 'provider_error', output: 0 });
    expect(record).toMatchObject({ usage_source: 'none', cost_usd: '0.000000000' });
  });

  test.each(['page', 'nothing'])('but a %s passes through, failed, and counted as it came', async (model) => {
    const { answer, record } = await ask(wire, model);
    expect([answer.status, answer.text]).toEqual([200, plain[model]?.[2]]);
    expect(record).toMatchObject({ execution_status: 'failed', usage_source: 'estimated' });
  });
});

test.each(['long-page', 'events'])(
  'an answer of %s that is no JSON costs no more than was held for it',
  async (model) => {
    const { answer, control_id, record } = await ask('chat', model);
    expect([answer.status, answer.text]).toEqual([200, plain[model]?.[2]]);
    expect(record).toMatchObject({ execution_status: 'failed', usage_source: 'estimated', output: 100 });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 100, pending: 0 });
  },
);

test('a response that failed is a failed call, charged for what it reports or holds', async () => {
  const { answer, control_id, record } = await ask('responses', 'failed-in-200');
  expect([answer.status, answer.text]).toEqual([200, plain['failed-in-200']?.[2]]);
  expect(record).toMatchObject({ execution_status: 'failed', error_code: 'provider_error' });
  expect(record).toMatchObject({ usage_source: 'provider', output: 7 });
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 7, pending: 0 });
  const unreported = await ask('responses', 'failed-without-usage');
  expect(unreported.record).toMatchObject({ execution_status: 'failed', usage_source: 'estimated', output: 3 });
});

test('an answer in events nobody asked for is charged as it reports, where it is whole', async () => {
  const { answer, control_id, record } = await ask('chat', 'whole-events');
  expect([answer.status, answer.text]).toEqual([200, plain['whole-events']?.[2]]);
  expect(record).toMatchObject({ execution_status: 'succeeded', usage_source: 'provider', output: 7 });
  expect(await gaugeOf(control_id)).toMatchObject({ posted: 7, pending: 0 });
});

test('a provider without a model behind its name is no model', async () => {
  const answer = await gateway.admin.post('/v1/chat/completions', wires.chat.body({}, { model: 'odd/' }));
  expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('model_not_found')]);
});

test('the official client does not repeat a call whose key is in flight', async () => {
  const { agent } = await agentWith(10_000);
  const client = gateway.openai({ maxRetries: 2 });
  const begin = () =>
    client.chat.completions.create(
      wires.chat.body(
        { delay_ms: 400 },
        { model: 'openai/gpt-4o-mini' },
      ) as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
      { headers: { 'x-aos-agent-id': agent, 'idempotency-key': 'twice' } },
    );
  const before = gateway.stub.log.length;
  const both = await Promise.allSettled([begin(), begin()]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(refused.reason).toBeInstanceOf(OpenAI.ConflictError);
  expect(gateway.stub.log.length - before).toBe(1);
});
