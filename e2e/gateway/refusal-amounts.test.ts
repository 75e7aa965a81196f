import { describe, expect, test } from 'vitest';
import { api, makeKey } from '../parts/client.ts';
import { limitAgent, recordsOf, wire_names, wires } from '../parts/gateway.ts';
import { block, call, day, errorIn, expectSameState, gateway, next, withGateway } from './refusal-parts.ts';

withGateway();

describe('amounts', () => {
  const chat = (agent: string, more: object = {}, headers: object = {}) =>
    call('chat', wires.chat.body({ output_tokens: 50, input_tokens: 20 }, more), {
      'x-aos-agent-id': agent,
      ...headers,
    });

  test('what was spent counts: the same number in error, gauge and header', async () => {
    const agent = next('spender');
    const limit = { type: 'tokens_output', max: 120, window: day };
    const { controls } = await limitAgent(gateway, agent, { limit, action: block });
    const [{ id }] = controls as [{ id: string }];
    const first = await chat(agent, { max_tokens: 60 });
    expect(first.status).toBe(200);
    expect(first.headers.get('x-aos-limit')).toMatch(new RegExp(`^${id}; unit=tokens; remaining=60; reset=`));
    expect(await gateway.admin.get(`/api/v1/limits/${id}/state`)).toMatchObject({ body: { posted: 50, pending: 0 } });
    const second = await chat(agent, { max_tokens: 71 });
    expect(second.status).toBe(402);
    const { details, message } = errorIn('chat', second.body);
    expect(details).toMatchObject({ limit: 120, used: 50, reserved: 0, requested: 71 });
    expect(message).toContain(
      'its limit of 120 tokens has 50 tokens used and 0 tokens reserved, and this call may need 71',
    );
    await expectSameState(details);
    // Reaching the limit exactly is allowed.
    expect((await chat(agent, { max_tokens: 70 })).status).toBe(200);
  });

  test('a rolling limit says by when all that counts now has left it', async () => {
    const agent = next('roller');
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 9, window: { per: 'minute' } }, action: block });
    const before = Date.now();
    const { headers } = await chat(agent, { max_tokens: 60 });
    const [, reset = ''] = /; remaining=8; reset=(\S+)$/.exec(headers.get('x-aos-limit') ?? '') ?? [];
    expect(Date.parse(reset) - before).toBeGreaterThanOrEqual(60_000);
    expect(Date.parse(reset) - Date.now()).toBeLessThanOrEqual(61_000);
  });

  test('a full rolling limit has one answer to when it has room again', async () => {
    const agent = next('full-roller');
    const limit = { type: 'requests', max: 1, window: { rolling_seconds: 90 } };
    const { controls } = await limitAgent(gateway, agent, { limit, action: block });
    const [{ id }] = controls as [{ id: string }];
    const state = async () =>
      (await gateway.admin.get<{ resets_at: string | null }>(`/api/v1/limits/${id}/state`)).body;
    expect((await state()).resets_at).toBeNull();
    expect((await chat(agent)).status).toBe(200);
    const { details } = errorIn('chat', (await chat(agent)).body);
    expect(details.resets_at).toMatch(/Z$/);
    expect(await state()).toMatchObject({ remaining: 0, resets_at: details.resets_at });
  });

  test('without a bound of its own a call gets what the limit pays for', async () => {
    const agent = next('unbounded');
    await limitAgent(gateway, agent, { limit: { type: 'tokens_output', max: 40, window: day }, action: block });
    const answer = await chat(agent);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-aos-max-tokens')).toBe('40');
    expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).toMatchObject({ max_tokens: 40 });
    expect(answer.body).toMatchObject({ usage: { completion_tokens: 40 } });
    // Fewer than 16 tokens are not worth a call.
    expect((await chat(agent)).status).toBe(402);
  });

  test('a call in flight is reserved, and its place is free when it has ended', async () => {
    const agent = next('parallel');
    const { controls } = await limitAgent(gateway, agent, { limit: { type: 'concurrency', max: 1 }, action: block });
    const [{ id }] = controls as [{ id: string }];
    const slow = call('chat', wires.chat.body({ delay_ms: 700 }), { 'x-aos-agent-id': agent });
    await expect.poll(async () => (await gateway.rows('select from holds')).length, { interval: 10 }).toBe(1);
    const refused = await chat(agent);
    expect(refused.status).toBe(429);
    const { details } = errorIn('chat', refused.body);
    expect(details).toMatchObject({ limit: 1, used: 0, reserved: 1, requested: 1, resets_at: null, retryable: true });
    await expectSameState(details);
    expect((await slow).status).toBe(200);
    expect((await chat(agent)).status).toBe(200);
    expect(await gateway.admin.get(`/api/v1/limits/${id}/state`)).toMatchObject({ body: { posted: 0, pending: 0 } });
  });

  test('one incident for each run and policy, however often it is hit', async () => {
    const agent = next('repeated');
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 0, window: day }, action: block });
    const headers = { 'x-aos-session-id': next('session') };
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await chat(agent, {}, headers));
    const errors = answers.map(({ body }) => errorIn('chat', body));
    expect(new Set(errors.map(({ details }) => details.run_id)).size).toBe(1);
    const [first] = errors;
    if (!first) throw new Error('no error');
    const { run_id } = first.details;
    const incidents = await gateway.rows('select id, occurrences from incidents where source_run_id = $1', [run_id]);
    expect(incidents).toMatchObject([{ occurrences: 3 }]);
    const violations = await gateway.rows('select incident_id from violations where run_id = $1', [run_id]);
    expect(violations.map(({ incident_id }) => incident_id)).toEqual(Array(3).fill(incidents[0]?.id));
    const opened = await gateway.rows(`select from audit_ledger where event = 'INCIDENT_CREATED' and run_id = $1`, [
      run_id,
    ]);
    expect(opened).toHaveLength(1);
  });

  test('calls that come together never spend more than there is', async () => {
    const agent = next('together');
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 5, window: day }, action: block });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat(agent, { max_tokens: 5 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(200), ...Array(15).fill(402)]);
  });
});

describe('a policy with minimal errors', () => {
  const cap = { type: 'tokens_output', max: 137, window: day };
  const minimal = { name: 'Secret cap of 137', error_detail: 'minimal' };
  const known = ['decision_id', 'policy_id', 'retryable', 'run_id', 'url'];
  const whole = (answer: { text: string; headers: Headers }) => `${[...answer.headers].join()} ${answer.text}`;
  // Ids are made of digits, too.
  const untold = /\b137\b|Secret|ctl_/;
  const messageFor = (decision_id: string) =>
    `A policy refused this call. For whoever may read why: ${gateway.server.url}/d/${decision_id}`;

  test.each(wire_names)('refuses on %s without amounts; its decision keeps them', async (wire) => {
    const agent = next('minimal');
    const policy = await limitAgent(gateway, agent, { limit: cap, action: block }, minimal);
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 9, window: day }, action: block });
    const bound = { [wire === 'responses' ? 'max_output_tokens' : 'max_tokens']: 138 };
    const answer = await call(wire, wires[wire].body({}, bound), { 'x-aos-agent-id': agent });
    const { code, message, details } = errorIn(wire, answer.body);
    expect({ status: answer.status, code }).toEqual({ status: 402, code: 'token_limit_exceeded' });
    expect(Object.keys(details).sort()).toEqual(known);
    expect(message).toBe(messageFor(details.decision_id));
    expect(whole(answer)).not.toMatch(untold);
    expect(answer.headers.get('x-aos-limit')).toBeNull();
    expect(answer.headers.get('x-aos-decision-id')).toBe(details.decision_id);
    const decision = await gateway.admin.get(`/api/v1/decisions/${details.decision_id}`);
    const [said] = (decision.body as { contributions: object[] }).contributions;
    expect(said).toMatchObject({ policy_id: policy.id, policy_name: policy.name, limit: 137, requested: 138 });
    expect(said).toMatchObject({ error_detail: 'minimal', reason: expect.stringContaining('137') });
    const [step] = await gateway.rows('select error from steps where decision_id = $1', [details.decision_id]);
    expect(step?.error).toEqual({ code, message });
    const [incident] = await gateway.rows('select title from incidents where source_run_id = $1', [details.run_id]);
    expect(incident?.title).toContain(policy.name);
  });

  test.each(wire_names)('ends a stream on %s without amounts, those of other policies neither', async (wire) => {
    const agent = next('minimal-stream');
    await limitAgent(gateway, agent, { limit: cap, action: block }, minimal);
    const endless = { output_tokens: 50_000, chunk_tokens: 5, chunk_delay_ms: 1, ignore_max_tokens: true };
    const bound = wire === 'messages' && { max_tokens: 100 };
    const answer = await call(wire, wires[wire].body(endless, { stream: true, ...bound }), { 'x-aos-agent-id': agent });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-aos-limit')).toBeNull();
    expect(answer.headers.get('x-aos-max-tokens')).toBeNull();
    const decision_id = answer.headers.get('x-aos-decision-id') ?? '';
    const [, last = ''] = /data: (.*"error":\{.*)\n/.exec(answer.text.slice(answer.text.lastIndexOf('data: {'))) ?? [];
    const { error } = JSON.parse(last) as { error: { message: string; details: object } };
    const past = `The stream was ended because the provider went past what was asked for. For whoever may read more:`;
    const url = `${gateway.server.url}/d/${decision_id}`;
    expect(error.message).toBe(wire === 'messages' ? `${past} ${url}` : messageFor(decision_id));
    expect(Object.keys(error.details).sort()).toEqual(known);
    // A provider may repeat the bound that it was given in its own events.
    expect(answer.text.replaceAll(/"max_output_tokens":\d+/g, '')).not.toMatch(untold);
  });

  test('tells no amounts beside a policy that does, in a dry run, a check or a simulation, nor after a kill', async () => {
    const agent = next('minimal-beside');
    await limitAgent(gateway, agent, { limit: cap, action: block }, minimal);
    const open = await limitAgent(gateway, agent, { limit: { type: 'requests', max: 1, window: day }, action: block });
    const headers = { 'x-aos-agent-id': agent };
    const [{ id }] = open.controls as [{ id: string }];
    const allowed = await call('chat', wires.chat.body({}, { max_tokens: 130 }), headers);
    // The tightest limit is the other one.
    expect(allowed.headers.get('x-aos-limit')).toMatch(new RegExp(`^${id}; `));
    const refused = await call('chat', wires.chat.body({}, { max_tokens: 200 }), headers);
    const hidden = /\b137\b|Secret/;
    expect(refused.status).toBe(402);
    const dry = await call('chat', wires.chat.body({}, { max_tokens: 200 }), { ...headers, 'x-aos-dry-run': '1' });
    expect(dry).toMatchObject({ status: 200, body: { decision: { verdict: 'block' } } });
    const asked = { kind: 'llm', model: 'openai/gpt-4o-mini', input_tokens: 5, max_tokens: 200 };
    const checked = await api(gateway.server).post('/v1/guard/check', asked, { headers });
    expect(checked).toMatchObject({ status: 200, body: { allowed: false } });
    const simulated = await gateway.admin.post('/api/v1/runtime/simulate', { goal: 'Anything', agent_id: agent });
    expect(simulated.status).toBe(200);
    const room = await gateway.admin.get(`/api/v1/runtime/capabilities?agent_id=${agent}`);
    expect(room).toMatchObject({ status: 200, body: { limits: [{ control_id: id }] } });
    for (const answer of [refused, dry, checked, simulated, room]) expect(whole(answer)).not.toMatch(hidden);

    const killed = next('minimal-kill');
    await limitAgent(gateway, killed, { limit: cap, action: 'kill' }, minimal);
    const { secret } = await makeKey(gateway.admin, { name: 'Of the killed' });
    const as = { 'x-aos-agent-id': killed };
    const ended = await call('chat', wires.chat.body({}, { max_tokens: 200 }), as, secret);
    const run_id = ended.headers.get('x-aos-run-id') ?? '';
    const after = await call('chat', wires.chat.body({}), { ...as, 'x-aos-run-id': run_id }, secret);
    expect(after).toMatchObject({ status: 403, body: { error: { code: 'run_terminated' } } });
    const run = await api(gateway.server, secret).get(`/api/v1/runs/${run_id}`);
    expect(run).toMatchObject({ status: 200, body: { kill: { by: { kind: 'policy', name: null } } } });
    for (const answer of [ended, after, run]) expect(whole(answer)).not.toMatch(hidden);
    const read = await gateway.admin.get(`/api/v1/runs/${run_id}`);
    expect(read).toMatchObject({ body: { kill: { by: { name: minimal.name } } } });
  });
});

describe('policies that do not refuse', () => {
  const limit = { type: 'requests', max: 0, window: day };
  const plain = (agent: string, headers: object = {}) =>
    call('chat', wires.chat.body({}), { 'x-aos-agent-id': agent, ...headers });

  test.each([false, true])('shadow is heard and changes nothing (stream: %s)', async (stream) => {
    const [agent, control_agent] = [next('shadow'), next('none')];
    const policy = await limitAgent(gateway, agent, { limit, action: block }, { mode: 'shadow' });
    const body = wires.chat.body({}, { stream, max_tokens: 9 });
    const [under, free] = await Promise.all(
      [agent, control_agent].map((id) => call('chat', body, { 'x-aos-agent-id': id })),
    );
    expect(under?.status).toBe(200);
    expect(under?.headers.get('x-aos-shadow')).toBe('block');
    expect(under?.headers.get('x-aos-decision')).toBe('continue');
    expect(free?.headers.get('x-aos-shadow')).toBeNull();
    const text = (answer: typeof under) => answer?.text.replaceAll(/"(id|created)":("[^"]+"|\d+)/g, '');
    expect(text(under)).toBe(text(free));
    const [sent, other] = gateway.stub.received.slice(-2);
    expect(sent?.body).toBe(other?.body);
    const run_id = under?.headers.get('x-aos-run-id') ?? '';
    const [decision] = await gateway.rows('select * from decisions where run_id = $1', [run_id]);
    expect(decision).toMatchObject({
      verdict: 'continue',
      contributions: [{ policy_id: policy.id, mode: 'shadow', fired: true }],
    });
    const [violation] = await gateway.rows('select * from violations where run_id = $1', [run_id]);
    expect(violation).toMatchObject({ policy_id: policy.id, mode: 'shadow', incident_id: null });
    expect(await gateway.rows('select from incidents where source_run_id = $1', [run_id])).toEqual([]);
    expect(await recordsOf(gateway, run_id)).toMatchObject([{ execution_status: 'succeeded', verdict: 'continue' }]);
  });

  test('a shadow limit never clamps the output', async () => {
    const agent = next('shadow-bound');
    const small = { type: 'tokens_output', max: 20, window: day };
    await limitAgent(gateway, agent, { limit: small, action: block }, { mode: 'shadow' });
    const answer = await call('chat', wires.chat.body({ output_tokens: 100 }), { 'x-aos-agent-id': agent });
    expect(answer.body).toMatchObject({ usage: { completion_tokens: 100 } });
    expect(answer.headers.get('x-aos-max-tokens')).toBeNull();
    expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).not.toHaveProperty('max_tokens');
  });

  test.each([false, true])('warn lets pass, says so and keeps the decision (stream: %s)', async (stream) => {
    const agent = next('warned');
    const policy = await limitAgent(gateway, agent, { limit, action: 'warn' });
    const answer = await call('chat', wires.chat.body({}, { stream }), { 'x-aos-agent-id': agent });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-aos-decision')).toBe('warn');
    expect(answer.headers.get('x-aos-policies')).toBe(policy.id);
    const run_id = answer.headers.get('x-aos-run-id');
    const decision_id = answer.headers.get('x-aos-decision-id');
    const found = await gateway.rows('select * from decisions where run_id = $1', [run_id]);
    expect(found).toMatchObject([{ id: decision_id, verdict: 'warn', policy_id: policy.id }]);
    const ledger = await gateway.rows('select * from audit_ledger where object_id = $1', [decision_id]);
    expect(ledger).toMatchObject([{ event: 'LIMIT_WARNED', run_id }]);
    // A warning opens no incident unless its control says so.
    expect(await gateway.rows('select from incidents where source_run_id = $1', [run_id])).toEqual([]);
  });

  test('a dry run tells the decision; it sends, holds and writes nothing', async () => {
    const [blocked, open] = [next('dry-blocked'), next('dry-open')];
    const policy = await limitAgent(gateway, blocked, { limit, action: block });
    // The worker goes on meanwhile: it notes signals of the calls before.
    const by_worker = "array['instances', 'signals', 'signal_looks']";
    const count = async () => {
      const tables = await gateway.rows<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'aos' and table_type = 'BASE TABLE'
          and table_name <> all (${by_worker})`,
      );
      const counts = tables.map(
        ({ name }) =>
          `select '${name}' as name, count(*)::int as n from ${name}
            ${name.startsWith('audit_ledger') ? "where event not like 'SIGNAL%'" : ''}`,
      );
      return gateway.rows(`${counts.join(' union all ')} order by 1`);
    };
    const before = await count();
    const reached = gateway.stub.log.length;
    const dry = { 'x-aos-dry-run': '1', 'x-aos-session-id': next('dry'), 'x-aos-actor-id': next('dry') };
    const refused = await plain(blocked, dry);
    expect(refused).toMatchObject({
      status: 200,
      body: { dry_run: true, decision: { verdict: 'block', code: 'quota_exceeded', policy_id: policy.id } },
    });
    expect(refused.headers.get('x-aos-decision')).toBe('block');
    const allowed = await plain(open, dry);
    expect(allowed).toMatchObject({
      status: 200,
      body: { dry_run: true, decision: { verdict: 'continue', policy_id: null } },
    });
    expect(gateway.stub.log).toHaveLength(reached);
    expect(await count()).toEqual(before);
  });
});
