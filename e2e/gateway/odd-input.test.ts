import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { limitAgent, recordsOf } from '../parts/gateway.ts';
import { gateway, good, opened, send, withGateway } from './bad-input-parts.ts';

withGateway();

test('a slow body is waited for, and counts like any other', async () => {
  const body = good('chat');
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.server.admin_key}\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
  const { socket, heard } = await opened(head);
  for (const letter of body) {
    socket.write(`1\r\n${letter}\r\n`);
    await sleep(3);
  }
  socket.write('0\r\n\r\n');
  await once(socket, 'close');
  expect(heard()).toMatch(/^HTTP\/1\.1 200 /);
});

describe('odd, but nobody’s mistake', () => {
  const odd = [
    'a\u0000b',
    '\ud800',
    'x\udc00y',
    '\\u0000',
    '\u202e\u0007',
    '__proto__',
    'constructor',
    '\ufeff',
    "'; drop table runs; --",
  ];

  test.each(odd)('%j as model, tool, text and member is sent on and recorded', async (text) => {
    const model = `openai/m${text}`;
    const tools = [{ type: 'function', function: { name: `t${text}`, parameters: { [text]: text } } }];
    const body = {
      model,
      tools,
      [text]: { [text]: text },
      messages: [{ role: 'user', content: `${text} stub: {"output_tokens": 3}` }],
    };
    for (const stream of [false, true]) {
      const answer = await send('/v1/chat/completions', { body: JSON.stringify({ ...body, stream }) });
      expect(answer.status, answer.text).toBe(200);
      const run_id = answer.headers.get('x-aos-run-id') ?? '';
      const storable = `m${text}`.replace(/\0|\p{Surrogate}/gu, '\ufffd');
      expect(await recordsOf(gateway, run_id)).toMatchObject([
        { model: storable, execution_status: 'succeeded', output_tokens: '3' },
      ]);
    }
  });

  test.each(odd)('%j in a refused call is recorded with its decision', async (text) => {
    const agent = `odd-${odd.indexOf(text)}`;
    await limitAgent(gateway, agent, { rule: { type: 'model_access', params: { allow: ['none'] } }, action: 'block' });
    const body = JSON.stringify({
      model: `openai/m${text}`,
      tools: [{ type: 'function', function: { name: `t${text}` } }],
      messages: [],
    });
    const answer = await send('/v1/chat/completions', { body, headers: { 'x-aos-agent-id': agent } });
    expect(answer.status, answer.text).toBe(403);
    const decision_id = answer.headers.get('x-aos-decision-id');
    const [decision] = await gateway.rows('select call, code from decisions where id = $1', [decision_id]);
    expect(decision).toMatchObject({ code: 'model_not_allowed', call: { tools: [expect.stringMatching(/^t/)] } });
  });
});

test('a model that policies name is meant however a call writes its name', async () => {
  const ways = ['gpt-4o-mini', 'models/gpt-4o-mini', 'GPT-4o-Mini', ' Models/gpt-4O-mini '];
  await limitAgent(gateway, 'denied-model', {
    rule: { type: 'model_access', params: { deny: ['gpt-4o-mini'] } },
    action: 'block',
  });
  const target = { kind: 'agent', ids: ['dear-model'], when: { model: ['openai/gpt-4o*'] } };
  const limit = { type: 'tokens_output', max: 1, window: { per: 'day' } };
  await limitAgent(gateway, 'dear-model', { limit, action: 'block' }, { target });
  for (const way of ways)
    for (const agent of ['denied-model', 'dear-model']) {
      const body = good('chat', { model: `openai/${way}`, max_tokens: 5 });
      const answer = await send('/v1/chat/completions', { body, headers: { 'x-aos-agent-id': agent } });
      const refused = agent === 'denied-model' ? 'model_not_allowed' : 'token_limit_exceeded';
      expect(answer.text, `${agent}: ${way}`).toContain(refused);
    }
});

test('one poisoned call never fails those that come with it', async () => {
  const agent = 'poisoned';
  // A limit that only counts takes any amount that is asked.
  const limit = { type: 'cost_usd', max: '1', window: { per: 'day' } };
  await limitAgent(gateway, agent, { limit, action: 'warn' });
  const most = 2_147_483_647;
  const price = {
    provider: 'openai',
    model: 'dear',
    input_usd_per_million: '999999999',
    output_usd_per_million: '999999999',
  };
  expectStatus(201, await gateway.admin.post('/api/v1/prices', { ...price, reason: 'a test' }));
  const poisons: [object, number][] = [
    [{ max_tokens: most }, 200],
    [{ max_tokens: most, n: 128, model: 'gpt-4o' }, 200],
    // Beyond 64 bits: the books cannot take it, and the statement that tries fails for all who share it.
    [{ max_tokens: most, n: 128, model: 'openai/dear' }, 400],
    [{ max_tokens: most, model: 'openai/\u0000\ud800' }, 200],
    [{ tools: Array.from({ length: 2_000 }, (_, n) => ({ type: 'function', function: { name: `\udfff${n}` } })) }, 200],
    [{ model: `openai/${'m'.repeat(50_000)}` }, 400],
    [{ model: `openai/${randomBytes(3_000).toString('base64')}` }, 400],
    // As long as a name may be, in letters of three bytes.
    [{ model: `openai/${'\u6a21'.repeat(249)}` }, 200],
    [
      {
        messages: Array.from({ length: 20_000 }, () => ({
          role: 'user',
          content: [{ type: 'file', file: { file_id: 'f' } }],
        })),
      },
      200,
    ],
  ];
  const headers = { 'x-aos-agent-id': agent };
  const sound = () => send('/v1/chat/completions', { body: good('chat', { max_tokens: 5 }), headers });
  for (const [poison, status] of poisons) {
    const poisoned = send('/v1/chat/completions', { body: good('chat', poison), headers });
    const [bad, ...others] = await Promise.all([poisoned, sound(), sound(), sound(), sound()]);
    expect(others.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(bad?.status, bad?.text.slice(0, 500)).toBe(status);
  }
  await gateway.untilSettled();
  const [orphans] = await gateway.rows(
    'select count(*)::int n from runs r where not exists (select from steps s where s.run_id = r.id)',
  );
  expect(orphans?.n).toBe(0);
  const [pending] = await gateway.rows('select coalesce(sum(pending), 0)::int n from balances');
  expect(pending?.n).toBe(0);
});
