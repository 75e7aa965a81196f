import { recorded_charge } from '@aos/core/activity/charge.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { type Answer, addProvider, expectStatus } from '../parts/client.ts';
import { type Gateway, limitAgent, say, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
/** What the provider answers next, whatever it is asked. */
let answer: object = {};

beforeAll(async () => {
  [gateway, provider] = await Promise.all([
    startGateway(),
    scriptedProvider((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    }),
  ]);
  const { admin } = gateway;
  await addProvider(admin, { slug: 'claude', kind: 'anthropic', base_url: provider.url, secret: 'sk-own' });
  await addProvider(admin, { slug: 'gpt', kind: 'openai', base_url: `${provider.url}/v1`, secret: 'sk-own' });
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.close();
});

/** The one record of a call, as the API shows it. */
async function recordOf({ headers }: Answer<unknown>): Promise<Record<string, unknown>> {
  const run_id = headers.get('x-aos-run-id');
  const list = await gateway.admin.get<{ items: Record<string, unknown>[] }>(`/api/v1/logs/llm-runs?run=${run_id}`);
  const { items } = expectStatus(200, list);
  expect(items).toHaveLength(1);
  return items[0] as Record<string, unknown>;
}

/** The cost that the charges of a record add up to, from nothing but them. */
function costByHand(charges: unknown): string {
  const pico = recorded_charge
    .array()
    .parse(charges)
    .reduce((sum, { quantity, price_usd, per }) => {
      const [whole = '', part = ''] = price_usd.split('.');
      return sum + (BigInt(quantity) * BigInt(whole + part.padEnd(12, '0'))) / BigInt(per);
    }, 0n);
  return usdOfNano((pico + 999n) / 1000n);
}

describe('a record tells apart what is billed apart, and its cost is the sum of it', () => {
  test('on the wire of Anthropic', async () => {
    answer = {
      ...{ id: 'msg', type: 'message', role: 'assistant', stop_reason: 'end_turn' },
      content: [{ type: 'text', text: 'ok' }],
      usage: {
        ...{ input_tokens: 17, output_tokens: 5, cache_read_input_tokens: 1_003, cache_creation_input_tokens: 907 },
        cache_creation: { ephemeral_5m_input_tokens: 407, ephemeral_1h_input_tokens: 500 },
      },
    };
    const body = { model: 'claude/claude-opus-4-6', max_tokens: 50, messages: say() };
    const made = await gateway.admin.post('/v1/messages', body);
    expectStatus(200, made);
    const record = await recordOf(made);
    expect(record).toMatchObject({
      ...{ input_tokens: 1_927, output_tokens: 5, cached_input_tokens: 1_003 },
      ...{ cache_write_tokens: 907, cache_write_1h_tokens: 500, web_searches: 0 },
    });
    expect(record.charges).toEqual([
      { kind: 'input', quantity: 17, price_usd: '5', per: 1_000_000 },
      { kind: 'cached_input', quantity: 1_003, price_usd: '0.5', per: 1_000_000 },
      { kind: 'cache_write', quantity: 407, price_usd: '6.25', per: 1_000_000 },
      { kind: 'cache_write_1h', quantity: 500, price_usd: '10', per: 1_000_000 },
      { kind: 'output', quantity: 5, price_usd: '25', per: 1_000_000 },
    ]);
    expect(costByHand(record.charges)).toBe(record.cost_usd);
  });

  test('on the wire of OpenAI, with sound', async () => {
    answer = {
      ...{ id: 'c', object: 'chat.completion', created: 1, model: 'm' },
      choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
      usage: {
        ...{ prompt_tokens: 60, completion_tokens: 40, total_tokens: 100 },
        prompt_tokens_details: { audio_tokens: 50, cached_tokens: 0 },
        completion_tokens_details: { audio_tokens: 30, reasoning_tokens: 0 },
      },
    };
    const body = { model: 'gpt/gpt-audio', max_tokens: 50, messages: say() };
    const made = await gateway.admin.post('/v1/chat/completions', body);
    expectStatus(200, made);
    const record = await recordOf(made);
    expect(record).toMatchObject({ audio_input_tokens: 50, audio_output_tokens: 30 });
    expect(
      recorded_charge
        .array()
        .parse(record.charges)
        .map(({ kind, quantity }) => [kind, quantity]),
    ).toEqual([
      ...[
        ['input', 10],
        ['audio_input', 50],
      ],
      ...[
        ['output', 10],
        ['audio_output', 30],
      ],
    ]);
    expect(costByHand(record.charges)).toBe(record.cost_usd);
  });

  test('of every record there is, but those from before', async () => {
    const older = { charges: null, web_searches: null, cache_write_1h_tokens: null };
    await gateway.rows(
      `insert into llm_run_records select (jsonb_populate_record(r, $1 || jsonb_build_object('id', left(r.id, -1) || 'z'))).*
        from llm_run_records r limit 1`,
      [JSON.stringify(older)],
    );
    const { items } = expectStatus(
      200,
      await gateway.admin.get<{ items: { charges: unknown; cost_usd: string }[] }>('/api/v1/logs/llm-runs?limit=200'),
    );
    const known = items.filter(({ charges }) => charges !== null);
    expect(known.length).toBe(items.length - 1);
    for (const { charges, cost_usd } of known) expect(costByHand(charges)).toBe(cost_usd);
  });
});

describe('searches that a provider runs by itself', () => {
  const money = (max: string) => ({ limit: { type: 'cost_usd', max, window: { per: 'day' } }, action: 'block' });
  const of = (agent: string) => ({ headers: { 'x-aos-agent-id': agent } });
  const searching = (max_uses?: number) => ({
    ...{ model: 'claude/claude-opus-4-6', max_tokens: 50, messages: say() },
    tools: [{ type: 'web_search_20250305', name: 'web_search', ...(max_uses !== undefined && { max_uses }) }],
  });
  const anthropic = (web_search_requests: number) => ({
    ...{ id: 'msg', type: 'message', role: 'assistant', stop_reason: 'end_turn' },
    content: [{ type: 'text', text: 'ok' }],
    usage: { input_tokens: 17_000, output_tokens: 5, server_tool_use: { web_search_requests, web_fetch_requests: 0 } },
  });
  const heldOf = (record: Record<string, unknown>): number =>
    Number((record.estimate as { price: { base_pico: string } }).price.base_pico) / 1e12;

  test('are held at the most there may be, with all the input they may bring, and charged as there were', async () => {
    await limitAgent(gateway, 'searcher', money('30'));
    answer = anthropic(3);
    const made = await gateway.admin.post('/v1/messages', searching(5), of('searcher'));
    expectStatus(200, made);
    const record = await recordOf(made);
    // A million tokens, the window of the model, at its dearest rate, and five searches at $10 for a thousand.
    expect(heldOf(record)).toBeGreaterThanOrEqual(5 + 5 * 0.01);
    expect(record).toMatchObject({
      web_searches: 3,
      cost_usd: usdOfNano(17_000n * 5_000n + 5n * 25_000n + 30_000_000n),
    });
    expect(record.charges).toContainEqual({ kind: 'web_search', quantity: 3, price_usd: '0.01', per: 1 });
    expect(costByHand(record.charges)).toBe(record.cost_usd);
  });

  test('without an end are refused where money is limited, and charged where it is not', async () => {
    await limitAgent(gateway, 'endless', money('30'));
    const refused = await gateway.admin.post<{ error: { code: string; message: string } }>(
      '/v1/messages',
      searching(),
      of('endless'),
    );
    expectStatus(402, refused);
    expect(refused.body.error).toMatchObject({ code: 'price_unknown' });
    expect(refused.body.error.message).toContain('max_uses');
    answer = anthropic(2);
    const record = await recordOf(await gateway.admin.post('/v1/messages', searching(), of('free')));
    expect(record).toMatchObject({
      web_searches: 2,
      cost_usd: usdOfNano(17_000n * 5_000n + 5n * 25_000n + 20_000_000n),
    });
  });

  test('are counted in a response of OpenAI, and priced by the version of their tool', async () => {
    const search = { type: 'web_search_call', id: 'ws', status: 'completed', action: { type: 'search', query: 'x' } };
    answer = {
      ...{ id: 'resp', object: 'response', status: 'completed', model: 'm' },
      output: [search, { ...search, action: { type: 'open_page' } }, search],
      usage: { input_tokens: 100, output_tokens: 10, total_tokens: 110 },
    };
    const asked = async (type: string, agent: string, more: object = { max_tool_calls: 4 }) =>
      gateway.admin.post('/v1/responses', { model: 'gpt/gpt-4.1', input: 'x', tools: [{ type }], ...more }, of(agent));
    await limitAgent(gateway, 'responder', money('30'));
    for (const [type, price_usd] of [
      ['web_search', '0.01'],
      ['web_search_preview', '0.025'],
    ] as const) {
      const made = await asked(type, 'responder');
      expectStatus(200, made);
      const record = await recordOf(made);
      expect(record.charges).toContainEqual({ kind: 'web_search', quantity: 2, price_usd, per: 1 });
      expect(costByHand(record.charges)).toBe(record.cost_usd);
    }
    expectStatus(402, await asked('web_search', 'responder', {}));
  });

  test('nobody asked for and nobody knows the price of make the cost unknown, and the limit counts what was held', async () => {
    const { controls } = await limitAgent(gateway, 'surprised', money('30'));
    const [{ id }] = controls as [{ id: string }];
    answer = anthropic(1);
    // A model of the book without a price for a search.
    const body = { ...searching(), tools: [], model: 'claude/claude-3-haiku' };
    const record = await recordOf(await gateway.admin.post('/v1/messages', body, of('surprised')));
    expect(record).toMatchObject({ web_searches: 1, cost_usd: null, charges: null });
    const [hold] = record.holds as [{ held: string; posted: string }];
    expect(Number(hold.held)).toBeGreaterThan(0);
    expect(hold.posted).toBe(hold.held);
    const state = await gateway.admin.get<{ posted: string }>(`/api/v1/limits/${id}/state`);
    expect(Number(state.body.posted) * 1e9).toBe(Number(hold.posted));
  });

  test('cost what the tenant says where it has a price of its own', async () => {
    const own = { provider: 'claude', model: 'claude-3-haiku', input_usd_per_million: 1, output_usd_per_million: 2 };
    const said = { ...own, per_web_search_usd: '0.03', per_request_usd: 0.5, reason: 'Our contract' };
    expectStatus(201, await gateway.admin.post('/api/v1/prices', said));
    const body = { ...searching(2), model: 'claude/claude-3-haiku' };
    const record = await recordOf(await gateway.admin.post('/v1/messages', body, of('surprised')));
    expect(record.charges).toEqual([
      { kind: 'input', quantity: 17_000, price_usd: '1', per: 1_000_000 },
      { kind: 'output', quantity: 5, price_usd: '2', per: 1_000_000 },
      { kind: 'request', quantity: 1, price_usd: '0.5', per: 1 },
      { kind: 'web_search', quantity: 1, price_usd: '0.03', per: 1 },
    ]);
  });
});

test('a PDF is held by its pages, however few its bytes are', async () => {
  const page = '<< /Type /Page /Contents 9 0 R >>\n';
  const file = `%PDF-1.4\n${page.repeat(3)}9 0 obj\n<< /Length 20 >>\nstream\nBT (Hello) Tj ET\nendstream\n%%EOF`;
  const source = { type: 'base64', media_type: 'application/pdf', data: Buffer.from(file).toString('base64') };
  const content = [{ type: 'document', source }];
  answer = { content: [], usage: { input_tokens: 4_800, output_tokens: 1 } };
  const body = { model: 'claude/claude-opus-5', max_tokens: 9, messages: [{ role: 'user', content }] };
  const record = await recordOf(await gateway.admin.post('/v1/messages', body));
  const { input_tokens } = record.estimate as { input_tokens: number };
  expect(input_tokens).toBeGreaterThan(3 * 5_000);
  expect(input_tokens).toBeLessThan(20_000);
});
