import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus, makePolicy, type PolicyBody, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, recordsOf, say, startGateway, type WireName, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const post = (wire: WireName, body: object, headers: Record<string, string>) =>
  api(gateway.server).post<Record<string, never>>(wires[wire].path, body, { headers });

const chat = (headers: Record<string, string>, directive: object = { output_tokens: 3 }, more: object = {}) =>
  post('chat', wires.chat.body(directive, more), headers);

const idOf = (policy: PolicyBody) => (policy.controls as unknown as { id: string }[])[0]?.id ?? '';

const codeOf = (answer: { body: unknown }) => (answer.body as { error?: { code: string } }).error?.code ?? null;

const of = (agent: string, session?: string) => ({
  'x-aos-agent-id': agent,
  ...(session && { 'x-aos-session-id': session }),
});

describe('steps', () => {
  test('a run takes as many as its limit says, exactly, and another run has its own', async () => {
    await limitAgent(gateway, 'stepper', {
      limit: { type: 'steps', max: 3, window: { per: 'run' } },
      action: 'block',
    });
    const answers = await Promise.all(Array.from({ length: 8 }, () => chat(of('stepper', 'first'))));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(3);
    const refused = answers.filter((answer) => answer.status === 402);
    expect(refused).toHaveLength(5);
    expect(codeOf(refused[0] as never)).toBe('quota_exceeded');
    expectStatus(200, await chat(of('stepper', 'second')));
  });
});

describe('tool calls', () => {
  const asked = { type: 'function', function: { name: 'look_up', arguments: '{}' } };
  const calling = (...ids: string[]) => ({
    role: 'assistant',
    content: null,
    tool_calls: ids.map((id) => ({ ...asked, id })),
  });
  const result = (tool_call_id: string) => ({ role: 'tool', tool_call_id, content: 'found' });

  test('are counted when their results are brought to the model, each once', async () => {
    const policy = await limitAgent(gateway, 'tooler', {
      limit: { type: 'tool_calls', max: 3, window: { per: 'session' } },
      action: 'block',
    });
    const control_id = idOf(policy);
    const history: object[] = [...say({ output_tokens: 3 })];
    const send = () => post('chat', { model: 'gpt-4o-mini', messages: history }, of('tooler', 's'));
    const used = async () =>
      ((await gateway.admin.get(`/api/v1/limits/${control_id}/state`)).body as { items: { posted: number }[] }).items[0]
        ?.posted ?? 0;
    expectStatus(200, await send());
    expect(await used()).toBe(0);
    history.push(calling('a', 'b'), result('a'), result('b'));
    expectStatus(200, await send());
    expect(await used()).toBe(2);
    // The next turn repeats them as history: nothing new is counted.
    history.push({ role: 'assistant', content: 'More.' }, { role: 'user', content: 'Go on.' });
    expectStatus(200, await send());
    expect(await used()).toBe(2);
    history.push(calling('c'), result('c'));
    expectStatus(200, await send());
    history.push(calling('d'), result('d'));
    const refused = await send();
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({
      error: { code: 'quota_exceeded', details: { unit: 'tool_calls', limit: 3 } },
    });
    expect(await used()).toBe(3);
  });
});

describe('burn rate', () => {
  test('stops money that is spent too fast, in USD per minute, and says what is left', async () => {
    const policy = await limitAgent(gateway, 'burner', {
      limit: { type: 'burn_rate', max: '0.002', window: { rolling_seconds: 120 } },
      action: 'block',
    });
    let passed = 0;
    let answer = await chat(of('burner'), { output_tokens: 500 }, { max_tokens: 1_000 });
    for (; answer.status === 200 && passed < 50; passed++)
      answer = await chat(of('burner'), { output_tokens: 500 }, { max_tokens: 1_000 });
    expect(passed).toBeGreaterThan(3);
    expect(answer.status).toBe(402);
    expect(answer.body).toMatchObject({
      error: { code: 'budget_exceeded', details: { unit: 'usd_per_minute', limit: '0.002000000' } },
    });
    const state = await gateway.admin.get(`/api/v1/limits/${idOf(policy)}/state`);
    const { posted, cap, unit } = state.body as { posted: string; cap: string; unit: string };
    expect({ cap, unit }).toEqual({ cap: '0.002000000', unit: 'usd_per_minute' });
    // Two minutes count, so what was spent shows as half of it a minute.
    const [spent] = await gateway.rows<{ cost: string }>(
      "select sum(cost_usd)::text as cost from llm_run_records r join agents a on a.id = r.agent_id where a.slug = 'burner'",
    );
    expect(Number(posted)).toBeCloseTo(Number(spent?.cost) / 2, 8);
  });
});

describe('duration', () => {
  const seconds = (max: number, action = 'block') => ({ limit: { type: 'duration', max }, action });

  test.each(['chat', 'responses', 'messages'] as const)(
    'ends a stream under way by a timer, with the error of its wire, and its run with it (%s)',
    async (wire) => {
      const agent = `timed-${wire}`;
      await limitAgent(gateway, agent, seconds(1));
      const begun = performance.now();
      const response = await fetch(`${gateway.server.url}${wires[wire].path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${gateway.server.admin_key}`,
          'content-type': 'application/json',
          ...of(agent),
        },
        body: JSON.stringify(wires[wire].body({ output_tokens: 3_000, chunk_delay_ms: 10 }, { stream: true })),
      });
      expect(response.status).toBe(200);
      const text = await response.text();
      const took_ms = performance.now() - begun;
      expect(took_ms).toBeGreaterThan(950);
      // By itself it would take half a minute.
      expect(took_ms).toBeLessThan(15_000);
      expect(text).toContain('run_terminated');
      expect(text).toContain(`for ${agent}`);
      const run_id = response.headers.get('x-aos-run-id') ?? '';
      const [record] = await recordsOf(gateway, run_id);
      expect(record).toMatchObject({ execution_status: 'cut', error_code: 'run_terminated', verdict: 'block' });
      const [run] = await gateway.rows('select status, termination_reason from runs where id = $1', [run_id]);
      expect(run).toEqual({ status: 'failed_policy', termination_reason: 'TIMEOUT' });
      const incidents = await gateway.rows('select category, severity from incidents where source_run_id = $1', [
        run_id,
      ]);
      expect(incidents).toEqual([{ category: 'EXECUTION_FAILURE', severity: 'MEDIUM' }]);
    },
  );

  test('ends a plain call under way, and refuses the later ones of the run', async () => {
    await limitAgent(gateway, 'timed-plain', seconds(1));
    const answer = await chat(of('timed-plain', 'long'), { delay_ms: 60_000, output_tokens: 3 });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { code: 'run_terminated', details: { unit: 'seconds', limit: 1 } } });
    await gateway.untilSettled();
    const later = await chat(of('timed-plain', 'long'));
    expect(later.status).toBe(403);
    expect(codeOf(later)).toBe('run_terminated');
  });

  test('only reports what a warning or a shadow policy would have ended', async () => {
    await limitAgent(gateway, 'timed-warned', seconds(1, 'warn'));
    await limitAgent(gateway, 'timed-shadow', seconds(1), { mode: 'shadow' });
    for (const agent of ['timed-warned', 'timed-shadow']) {
      const first = await chat(of(agent, 's'), { delay_ms: 1_200, output_tokens: 3 });
      expectStatus(200, first);
      const second = await chat(of(agent, 's'));
      expectStatus(200, second);
      expect(second.headers.get('x-aos-decision')).toBe(agent === 'timed-warned' ? 'warn' : 'continue');
      expect(second.headers.get('x-aos-shadow')).toBe(agent === 'timed-warned' ? null : 'block');
    }
  });
});

describe('requests per minute', () => {
  test('are counted over any sixty seconds, and a refusal says when there is room again', async () => {
    await limitAgent(gateway, 'rated', {
      limit: { type: 'requests', max: 2, window: { per: 'minute' } },
      action: 'block',
    });
    expectStatus(200, await chat(of('rated')));
    expectStatus(200, await chat(of('rated')));
    const refused = await chat(of('rated'));
    expect(refused.status).toBe(429);
    const wait_s = Number(refused.headers.get('retry-after'));
    expect(wait_s).toBeGreaterThan(20);
    expect(wait_s).toBeLessThanOrEqual(60);
  });
});

describe('a call under way', () => {
  const live = (agent: string, output_tokens = 2_000) =>
    fetch(`${gateway.server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${gateway.server.admin_key}`,
        'content-type': 'application/json',
        ...of(agent),
      },
      body: JSON.stringify(wires.chat.body({ output_tokens, chunk_delay_ms: 10 }, { stream: true })),
    });

  test('is ended when a policy comes into force that refuses it', async () => {
    const response = await live('denied-later');
    const text = response.text();
    await waitFor(async () => (await gateway.rows('select from holds')).length > 0, { what: 'the call under way' });
    await limitAgent(gateway, 'denied-later', {
      rule: { type: 'model_access', params: { deny: ['gpt-4o-mini'] } },
      action: 'block',
    });
    expect(await text).toContain('model_not_allowed');
    const [record] = await recordsOf(gateway, response.headers.get('x-aos-run-id') ?? '');
    expect(record).toMatchObject({ execution_status: 'cut', error_code: 'model_not_allowed' });
    const [decision] = await gateway.rows('select verdict, code from decisions where id = $1', [record?.decision_id]);
    expect(decision).toMatchObject({ verdict: 'block', code: 'model_not_allowed' });
  });

  test('goes on when a limit that has let it in is lowered, and is ended by one on what it still uses', async () => {
    const limits = [
      { type: 'concurrency', max: 5 },
      { type: 'requests', max: 5, window: { per: 'day' } },
      { type: 'tokens_input', max: 100_000, window: { per: 'day' } },
      { type: 'tokens_output', max: 100_000, window: { per: 'day' } },
    ];
    const written = { name: 'lowered', target: { kind: 'agent', ids: ['lowered'] } };
    const controls = limits.map((limit) => ({ limit, action: 'block' }));
    const policy = await makePolicy(gateway.admin, { ...written, controls });
    const lower = (...caps: number[]) => {
      const stored = policy.controls as unknown as { id: string }[];
      const lowered = stored.map(({ id }, n) => ({ id, limit: { ...limits[n], max: caps[n] }, action: 'block' }));
      return gateway.admin.put(`/api/v1/policies/${policy.id}`, { ...written, controls: lowered, reason: 'lowered' });
    };
    const texts = (await Promise.all([live('lowered'), live('lowered')])).map((response) => response.text());
    const ended = Promise.race(texts);
    expectStatus(200, await lower(1, 1, 1, 50_000));
    expect([402, 429]).toContain((await chat(of('lowered'))).status);
    // Told of the change or not yet: only what it may still use is of concern to a call under way.
    const later = new Promise((resolve) => setTimeout(resolve, 1_000, 'under way'));
    expect(await Promise.race([ended, later])).toBe('under way');
    expectStatus(200, await lower(1, 1, 1, 100));
    for (const text of texts) expect(await text).toContain('token_limit_exceeded');
  });

  test('goes on when the new policy would let it pass', async () => {
    const response = await live('allowed-later', 500);
    const text = response.text();
    await waitFor(async () => (await gateway.rows('select from holds')).length > 0, { what: 'the call under way' });
    const policy = await limitAgent(gateway, 'allowed-later', {
      limit: { type: 'cost_usd', max: '5', window: { per: 'day' } },
      action: 'block',
    });
    expect(policy.status).toBe('active');
    expect(await text).toContain('[DONE]');
  });
});

describe('what a call can cost', () => {
  const money = { limit: { type: 'cost_usd', max: '5', window: { per: 'day' } }, action: 'block' } as const;

  test('is unknown with a tool at the provider that has a fee of its own', async () => {
    await limitAgent(gateway, 'tooled', money);
    const ask = (wire: 'responses' | 'messages', type: string) => {
      const body = wires[wire].body({ output_tokens: 3 }, { tools: [{ type, name: 'tool' }] });
      return post(wire, body, of('tooled'));
    };
    for (const type of ['file_search', 'code_interpreter', 'image_generation', 'shell'])
      expect(codeOf(await ask('responses', type))).toBe('price_unknown');
    expect((await ask('responses', 'shell')).text).toContain('a tool it asks the provider to run has no price');
    expect(codeOf(await ask('messages', 'code_execution_20250825'))).toBe('price_unknown');
    for (const type of ['function', 'mcp', 'local_shell']) expectStatus(200, await ask('responses', type));
    expectStatus(200, await ask('messages', 'bash_20250124'));
  });

  test('is unknown at a dearer level of service, unless the tenant has a price of its own', async () => {
    await limitAgent(gateway, 'hurried', money);
    const at = (more: object) => chat(of('hurried'), { output_tokens: 3 }, { max_tokens: 20, ...more });
    for (const level of [{ service_tier: 'priority' }, { service_tier: 'of-next-year' }, { speed: 'fast' }])
      expect(codeOf(await at(level))).toBe('price_unknown');
    const { text } = await at({ speed: 'fast' });
    expect(text).toContain('the level of service it asks for has no price');
    expect(text).not.toContain('its model has no price');
    for (const level of [{}, { service_tier: null }, { service_tier: 'auto' }, { service_tier: 'flex' }])
      expectStatus(200, await at(level));
    // Where no money is limited such a call passes, and its record says that nobody knows its price.
    const unlimited = await chat(of('at-ease'), { output_tokens: 3 }, { service_tier: 'priority' });
    expectStatus(200, unlimited);
    const [record] = await gateway.rows(
      "select r.cost_usd from llm_run_records r join agents a on a.id = r.agent_id where a.slug = 'at-ease'",
    );
    expect(record).toEqual({ cost_usd: null });
    const own = {
      provider: 'openai',
      model: 'gpt-4o-mini',
      tiers: [{ above_input_tokens: 0, rates: { input: '0.3', output: '1.2' } }],
      reason: 'Our contract, priority included',
    };
    expectStatus(201, await gateway.admin.post('/api/v1/prices', own));
    await waitFor(async () => (await at({ service_tier: 'priority' })).status === 200, { what: 'the price in force' });
  });

  test('does not depend on how its JSON is written', async () => {
    await limitAgent(gateway, 'writer', money);
    const text = JSON.stringify({
      ...wires.messages.body({ output_tokens: 3 }),
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    });
    const escaped = text.replace('cache_control', 'cache_\\u0063ontrol').replace('"1h"', '"1\\u0068"');
    expect(JSON.parse(escaped)).toEqual(JSON.parse(text));
    const heldFor = async (body: string) => {
      const answer = await fetch(`${gateway.server.url}${wires.messages.path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${gateway.server.admin_key}`,
          ...of('writer'),
        },
        body,
      });
      expect(answer.status).toBe(200);
      const [record] = await gateway.rows<{ held: string }>(
        "select r.estimate -> 'price' ->> 'base_pico' as held from llm_run_records r where r.run_id = $1",
        [answer.headers.get('x-aos-run-id')],
      );
      return Number(record?.held ?? 0);
    };
    expect(await heldFor(text)).toBeGreaterThan(0);
    expect(await heldFor(escaped)).toBeGreaterThanOrEqual(await heldFor(text));
  });
});
