import { once } from 'node:events';
import { connect } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, collect, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, recordsOf, say, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ AOS_RUN_IDLE_SECONDS: '1' });
});
afterAll(() => gateway?.stop());

/** A call with these headers; its run, and the status of the answer. */
async function call(headers: Record<string, string>, of: { key?: string; directive?: object; more?: object } = {}) {
  const client = api(gateway.server, of.key ?? gateway.server.admin_key);
  const answer = await client.post<{ error?: { code: string; message: string } }>(
    '/v1/chat/completions',
    wires.chat.body(of.directive ?? {}, of.more),
    { headers },
  );
  return { ...answer, run_id: answer.headers.get('x-aos-run-id') ?? '' };
}

const runOf = async (id: string) => (await gateway.rows('select * from runs where id = $1', [id]))[0];
const ended = (id: string) =>
  waitFor(
    async () => {
      const run = await runOf(id);
      return run?.status !== 'running' && run;
    },
    { what: `the end of ${id}` },
  );

describe('which run a call belongs to', () => {
  test('one of its own, without a session', async () => {
    const [one, two] = [await call({}), await call({})];
    expect(one.status).toBe(200);
    expect(one.run_id).not.toBe(two.run_id);
    expect(await runOf(one.run_id)).toMatchObject({ session_id: null, calls: 1 });
  });

  test('that of its session, even when the first calls come together', async () => {
    const together = await Promise.all(Array.from({ length: 8 }, () => call({ 'x-aos-session-id': 'talk' })));
    const [run_id, ...others] = new Set(together.map((answer) => answer.run_id));
    expect(others).toEqual([]);
    expect((await call({ 'x-aos-session-id': 'talk' }, { more: { stream: true } })).run_id).toBe(run_id);
    const [session, ...copies] = await gateway.rows("select id from sessions where external_id = 'talk'");
    expect(copies).toEqual([]);
    expect((await call({ 'x-aos-session-id': session?.id })).run_id, 'by its own id').toBe(run_id);
    expect((await call({ 'x-aos-session-id': 'another' })).run_id).not.toBe(run_id);
    expect(await runOf(run_id ?? '')).toMatchObject({ calls: 10 });
    const steps = await gateway.rows('select trace_id from steps where run_id = $1', [run_id]);
    expect([steps.length, new Set(steps.map(({ trace_id }) => trace_id)).size]).toEqual([10, 1]);
  });

  test('the one it names, in its own project only', async () => {
    const first = await call({ 'x-aos-agent-id': 'joiner' });
    const second = await call({ 'x-aos-run-id': first.run_id });
    expect(second).toMatchObject({ status: 200, run_id: first.run_id });
    expect(await runOf(first.run_id)).toMatchObject({ calls: 2 });

    const project = expectStatus(
      201,
      await gateway.admin.post<{ id: string }>('/api/v1/projects', { slug: 'other', name: 'Other' }),
    );
    const { secret } = await makeKey(gateway.admin, { project_id: project.id });
    const foreign = await call({ 'x-aos-run-id': first.run_id }, { key: secret });
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    const unknown = await call({ 'x-aos-run-id': 'run_01m82vjcdxfqaa81vcbj87xvj2' }, { key: secret });
    expect(foreign.text.replace(first.run_id, '')).toBe(unknown.text.replace('run_01m82vjcdxfqaa81vcbj87xvj2', ''));
    expect(await runOf(first.run_id)).toMatchObject({ calls: 2 });
    // The same label in another project is another session.
    const [here, there] = [
      await call({ 'x-aos-session-id': 'label' }),
      await call({ 'x-aos-session-id': 'label' }, { key: secret }),
    ];
    expect(there.status).toBe(200);
    expect(there.run_id).not.toBe(here.run_id);
  });

  test('another tenant’s run is not there', async () => {
    const first = await call({});
    const made = await gateway.admin.post<{ api_key: { secret: string } }>('/api/v1/tenants', { slug: 'neighbour' });
    const { api_key } = expectStatus(201, made);
    const answer = await call({ 'x-aos-run-id': first.run_id }, { key: api_key.secret, more: { model: 'mock-small' } });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });
});

describe('who stands behind a call', () => {
  const stands = async (run_id: string) =>
    (
      await gateway.rows(
        `select r.identity, a.slug as agent, a.auto_registered as agent_auto, c.slug as actor, c.kind, c.auto_registered as actor_auto
          from runs r left join agents a on a.id = r.agent_id left join actors c on c.id = r.actor_id where r.id = $1`,
        [run_id],
      )
    )[0];

  test('agents and actors are registered at first sight, once, as claims', async () => {
    const headers = { 'x-aos-agent-id': 'first-seen', 'x-aos-actor-id': 'ann@example.com' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => call(headers)));
    for (const { run_id } of answers) {
      expect(await stands(run_id)).toEqual({
        ...{ identity: 'claimed', agent: 'first-seen', agent_auto: true },
        ...{ actor: 'ann@example.com', kind: 'human', actor_auto: true },
      });
    }
    const found = await gateway.rows("select id from agents where slug = 'first-seen'");
    expect(found).toHaveLength(1);
    // By its id it is the same.
    const by_id = await call({ 'x-aos-agent-id': String(found[0]?.id) });
    expect(await stands(by_id.run_id)).toMatchObject({ agent: 'first-seen' });
    expect(await gateway.rows('select id from agents where slug = $1', [found[0]?.id])).toEqual([]);
  });

  test('a bound key speaks for those it is bound to, and for nobody else', async () => {
    const { secret } = await makeKey(gateway.admin, { agent_ids: ['bound-a', 'bound-b'], actor_ids: ['bea'] });
    const as_b = await call({ 'x-aos-agent-id': 'bound-b' }, { key: secret });
    expect(await stands(as_b.run_id)).toMatchObject({ identity: 'bound', agent: 'bound-b', actor: 'bea' });
    // Bound to two, it has to say which; the only actor needs no word.
    const unsaid = await call({}, { key: secret });
    expect(unsaid).toMatchObject({ status: 403, body: { error: { code: 'identity_mismatch' } } });
    expect(unsaid.body.error?.message).toContain('bound to 2 agents: say which one with x-aos-agent-id');
    const other = await call({ 'x-aos-agent-id': 'first-seen' }, { key: secret });
    expect(other).toMatchObject({ status: 403, body: { error: { code: 'identity_mismatch' } } });
  });

  test('a project may want everybody registered before', async () => {
    const strict = { slug: 'strict', name: 'Strict', auto_register: false };
    const { id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/projects', strict));
    const { secret } = await makeKey(gateway.admin, { project_id: id });
    const answer = await call({ 'x-aos-agent-id': 'never-registered' }, { key: secret });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_header' } } });
    expect(answer.body.error?.message).toContain('"never-registered" is not registered');
    expectStatus(201, await gateway.admin.post('/api/v1/agents', { slug: 'never-registered', project_id: id }));
    expect((await call({ 'x-aos-agent-id': 'never-registered' }, { key: secret })).status).toBe(200);
  });

  test('tags are kept with run and record', async () => {
    const headers = { 'x-aos-tags': 'team=search, env = prod=1', 'x-aos-meta-ticket': '4711' };
    const bad = await call(headers);
    expect(bad.status).toBe(400);
    const { run_id } = await call({ ...headers, 'x-aos-tags': 'team=search, env=prod=1' });
    const tags = { team: 'search', env: 'prod=1', 'meta.ticket': '4711' };
    expect(await runOf(run_id)).toMatchObject({ tags });
    expect(await recordsOf(gateway, run_id)).toMatchObject([{ tags }]);
  });
});

describe('an idle run ends as its last call says', () => {
  const agent = 'limited-to-one';
  const cases = [
    { name: 'well', calls: [{}], status: 'succeeded', reason: 'COMPLETED', outcome: 'SUCCESS', steps: [1, 1, 0] },
    {
      name: 'refused',
      calls: [{}, {}],
      agent,
      status: 'failed_policy',
      reason: 'RATE_LIMITED',
      outcome: 'BLOCKED',
      steps: [2, 1, 1],
    },
    {
      name: 'provider failed',
      calls: [{}, { error: 500 }],
      status: 'failed',
      reason: 'SYSTEM_FAILURE',
      outcome: 'FAILURE',
      steps: [2, 1, 1],
    },
    {
      name: 'provider said to wait',
      calls: [{ error: 429 }],
      status: 'failed',
      reason: 'RATE_LIMITED',
      outcome: 'FAILURE',
      steps: [1, 0, 1],
    },
    {
      name: 'failed and recovered',
      calls: [{ error: 500 }, {}],
      status: 'succeeded',
      reason: 'COMPLETED',
      outcome: 'SUCCESS',
      steps: [2, 1, 1],
    },
  ];
  const begun = new Map<string, string>();
  let slow: ReturnType<typeof call>;
  beforeAll(async () => {
    const limit = { type: 'requests', max: 1, window: { per: 'day' } };
    await limitAgent(gateway, agent, { limit, action: 'block' });
    slow = call({ 'x-aos-session-id': 'slow' }, { directive: { delay_ms: 8_000 } });
    for (const { name, calls, agent: by } of cases) {
      for (const directive of calls) {
        const headers = { 'x-aos-session-id': name, ...(by && { 'x-aos-agent-id': by }) };
        begun.set(name, (await call(headers, { directive })).run_id);
      }
    }
  });

  test.each(cases)('$name: $status', async ({ name, status, reason, outcome, steps }) => {
    const id = begun.get(name) ?? '';
    const run = await ended(id);
    expect(run).toMatchObject({ status, termination_reason: reason, outcome_record: outcome });
    expect(Date.parse(run.ended_at) - Date.parse(run.last_activity_at)).toBeGreaterThanOrEqual(1_000);
    const entries = await gateway.rows("select * from audit_ledger where object_id = $1 and event = 'RUN_ENDED'", [id]);
    expect(entries).toMatchObject([
      {
        run_id: id,
        actor_type: 'system',
        before: { status: 'running' },
        after: { status, termination_reason: reason },
      },
    ]);
    const [trace] = await gateway.rows('select * from traces where run_id = $1', [id]);
    const [steps_total, steps_succeeded, steps_failed] = steps;
    expect(trace?.summary).toMatchObject({ steps_total, steps_succeeded, steps_failed });
    expect(Number(trace?.summary.cost_usd)).toBe(Number(run.estimated_cost_usd));
    expect(trace?.completed_at).not.toBeNull();
  });

  test('but not while a call of it is under way', async () => {
    const answer = await slow;
    expect(answer.status).toBe(200);
    const run = await runOf(answer.run_id);
    const [record] = await recordsOf(gateway, answer.run_id);
    expect(record?.execution_status).toBe('succeeded');
    // It may end from now on, never before.
    expect(run?.ended_at === null || run?.ended_at >= (record?.settled_at as Date)).toBe(true);
  });

  test('and its session goes on with a new one', async () => {
    const old = begun.get('well') ?? '';
    await ended(old);
    const next = await call({ 'x-aos-session-id': 'well' });
    expect(next.status).toBe(200);
    expect(next.run_id).not.toBe(old);
    const [before, after] = [await runOf(old), await runOf(next.run_id)];
    expect(after).toMatchObject({ status: 'running', session_id: before?.session_id });
    expect(before).toMatchObject({ calls: 1, status: 'succeeded' });
    // Named together with its session, too, a run that is over gives way to the new one.
    const named = await call({ 'x-aos-session-id': 'well', 'x-aos-run-id': old });
    expect(named).toMatchObject({ status: 200, run_id: next.run_id });
  });

  test('and stays as it is when a key speaks in its session for somebody else', async () => {
    const id = begun.get('failed and recovered') ?? '';
    const before = await ended(id);
    const { secret } = await makeKey(gateway.admin, { agent_ids: ['own-agent'] });
    const headers = { 'x-aos-session-id': 'failed and recovered', 'x-aos-agent-id': 'impostor' };
    const answer = await call(headers, { key: secret });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'identity_mismatch' } } });
    expect(answer.run_id).not.toBe(id);
    expect(await runOf(answer.run_id)).toMatchObject({ status: 'running', calls: 1, refused_calls: 1 });
    expect(await runOf(id)).toEqual(before);
    expect(await gateway.rows('select from steps where run_id = $1', [id])).toHaveLength(2);
  });

  test('and takes no further call', async () => {
    const id = begun.get('refused') ?? '';
    await ended(id);
    const reached = gateway.stub.log.length;
    const answer = await call({ 'x-aos-run-id': id });
    expect(answer).toMatchObject({
      status: 403,
      body: { error: { code: 'run_terminated', type: 'policy_violation' } },
    });
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.headers.get('x-aos-decision')).toBe('block');
    expect(answer.headers.get('x-aos-run-id')).toBe(id);
    expect(answer.body.error?.message).toContain(id);
    const decision = await gateway.admin.get(`/api/v1/decisions/${answer.headers.get('x-aos-decision-id')}`);
    expect(decision.body).toMatchObject({ verdict: 'block', code: 'run_terminated', run_id: id, step_id: null });
    expect(decision.body.contributions).toMatchObject([{ fired: true, reason: expect.stringContaining('has ended') }]);
    const client = gateway.openai({ defaultHeaders: { 'x-aos-run-id': id } });
    const create = client.chat.completions.create({ model: 'gpt-4o-mini', messages: say(), stream: true });
    await expect(create).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(gateway.stub.log).toHaveLength(reached);
    expect(await runOf(id)).toMatchObject({ calls: 2, status: 'failed_policy' });
    expect(await gateway.rows('select from holds')).toEqual([]);
  });
});

describe('the step in which a call is made', () => {
  test('stands with the step of the call', async () => {
    const first = await call({});
    const steps = () =>
      gateway.admin.get<{ items: { id: string; parent_step_id: string | null }[] }>(
        `/api/v1/runs/${first.run_id}/steps`,
      );
    const [parent] = expectStatus(200, await steps()).items;
    expect(parent?.parent_step_id).toBeNull();
    const within = { 'x-aos-run-id': first.run_id, 'x-aos-step-id': parent?.id ?? '' };
    for (const more of [{}, { stream: true }]) expect((await call(within, { more })).status).toBe(200);
    const { items } = expectStatus(200, await steps());
    expect(items.slice(1).map((step) => step.parent_step_id)).toEqual([parent?.id, parent?.id]);
  });

  test('must be named by its id', async () => {
    const answer = await call({ 'x-aos-step-id': 'step-1' });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_header' } } });
    expect(answer.body.error?.message).toContain('stp_');
  });
});

describe('stopping and starting again', () => {
  test('SIGTERM lets a stream and a plain call come to their end, takes no new call and exits by itself', async () => {
    const { server } = gateway;
    const directive = { output_tokens: 60, chunk_delay_ms: 40 };
    const asked = { model: 'gpt-4o-mini', messages: say(directive), stream: true as const };
    const stream = await gateway.openai().chat.completions.create(asked);
    let is_streaming = true;
    const events = collect(stream).finally(() => {
      is_streaming = false;
    });
    const plain = call({}, { directive: { delay_ms: 1_500, output_tokens: 7 } });
    await waitFor(async () => (await gateway.rows('select from holds')).length === 2, { what: 'two calls under way' });
    // Connections that nobody has used yet, as browsers open them, and one amid its headers.
    const { hostname, port } = new URL(server.url);
    const [unused, begun] = [connect(Number(port), hostname), connect(Number(port), hostname)];
    // Cut amid its headers, a connection may be reset.
    begun.on('error', () => undefined);
    await Promise.all([unused, begun].map((socket) => once(socket, 'connect')));
    begun.write('GET /health HTTP/1.1\r\nhost: x\r\n');
    process.kill(server.pid, 'SIGTERM');
    await waitFor(
      () =>
        fetch(`${server.url}/health`).then(
          () => false,
          () => true,
        ),
      { what: 'a closed door' },
    );
    expect(is_streaming).toBe(true);
    const text = (await events).map((event) => event.choices[0]?.delta.content ?? '').join('');
    expect(text.trim().split(' ')).toHaveLength(60);
    const ended_at = Date.now();
    await waitFor(() => unused.destroyed && begun.destroyed, { what: 'the end of unused connections' });
    expect(await plain).toMatchObject({ status: 200, body: { usage: { completion_tokens: 7 } } });
    expect(await server.exited).toEqual({ code: 0, signal: null });
    // Not because its patience with calls under way, of 30 s, is over.
    expect(Date.now() - ended_at).toBeLessThan(20_000);
    expect(await gateway.rows('select from holds')).toEqual([]);
    const records = await gateway.rows(
      'select execution_status, output_tokens from llm_run_records order by id desc limit 2',
    );
    expect(records.map((record) => `${record.execution_status} ${record.output_tokens}`).sort()).toEqual([
      'succeeded 60',
      'succeeded 7',
    ]);
    const events_of = await gateway.rows("select event_type from system_records where event_type = 'SHUTDOWN'");
    expect(events_of).toHaveLength(1);
  });

  test('keeps keys, providers, policies, what was spent and every row', async () => {
    const tables = [
      'runs',
      'steps',
      'llm_run_records',
      'decisions',
      'violations',
      'incidents',
      'agents',
      'api_keys',
      'policies',
    ];
    const count = () =>
      gateway.rows(tables.map((name) => `select '${name}' as name, count(*)::int n from ${name}`).join(' union all '));
    await gateway.restart();
    const limit = { type: 'requests', max: 2, window: { per: 'day' } };
    await limitAgent(gateway, 'lasting', { limit, action: 'block' });
    const headers = { 'x-aos-agent-id': 'lasting', 'x-aos-session-id': 'lasting' };
    expect((await call(headers)).status).toBe(200);
    const before = await count();
    await gateway.restart();
    expect(await count()).toEqual(before);
    expect((await call(headers)).status).toBe(200);
    expect(gateway.stub.received.at(-1)?.headers.authorization).toBe('Bearer sk-stub-provider-key');
    // One was spent before the restart.
    expect(await call(headers)).toMatchObject({ status: 402, body: { error: { code: 'quota_exceeded' } } });
    expect(await gateway.rows("select from agents where slug = 'lasting'")).toHaveLength(1);
    expect(await gateway.rows("select from sessions where external_id = 'lasting'")).toHaveLength(1);
  });
});

test('an idle run takes what is asked about it alone with it, and leaves what others may wait for', async () => {
  const asked = async (per: 'run' | 'day') => {
    const limit = { type: 'tokens_output', max: 10, window: { per } };
    await limitAgent(gateway, `idle-${per}`, { limit, action: 'pause', pause: { wait_seconds: 0 } });
    const { run_id, status } = await call({ 'x-aos-agent-id': `idle-${per}` }, { more: { max_tokens: 50 } });
    expect(status).toBe(429);
    await ended(run_id);
    return (await gateway.rows('select status from approvals where run_id = $1', [run_id]))[0];
  };
  expect(await asked('run')).toEqual({ status: 'withdrawn' });
  expect(await asked('day')).toEqual({ status: 'pending' });
});
