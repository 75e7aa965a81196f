import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callingKey, type Installation, openInstallation } from '../../tools/campaigns/parts/installation.ts';
import { type Api, anthropicClient, api, expectStatus, makePolicy, openaiClient, waitFor } from '../parts/client.ts';
import { type WireName, wire_names, wires } from '../parts/gateway.ts';

/** Two processes on one database: what is stopped at one is in flight at the other. */
let at: Installation;
let here: Api;
let there: Api;
beforeAll(async () => {
  at = await openInstallation({ database: 'postgres', processes: 2 });
  [here, there] = at.servers.map((server) => api(server)) as [Api, Api];
});
afterAll(() => at?.stop());

interface Receipt {
  stop: { id: string; kind: string; subject_id: string };
  calls_aborted: number;
  streams_cut: number;
  processes_asked: number;
  processes_confirmed: number;
  complete: boolean;
  message: string;
}

const endless = { output_tokens: 5_000, chunk_delay_ms: 10 };
const slow = { delay_ms: 20_000, output_tokens: 5 };
const because = (reason: string) => ({ reason });

interface Streaming {
  run_id: string;
  /** Resolves with what the client throws, and when. */
  ended: Promise<{ thrown: unknown; at: number }>;
}

/** A stream at the second process that has begun. */
async function stream(wire: WireName, headers: Record<string, string>, key = there.key ?? ''): Promise<Streaming> {
  const server = { url: there.url };
  const body = wires[wire].body(endless, { stream: true });
  const options = { headers, maxRetries: 0 };
  const made =
    wire === 'messages'
      ? anthropicClient(server, key).messages.create(body as Anthropic.MessageCreateParamsStreaming, options)
      : wire === 'responses'
        ? openaiClient(server, key).responses.create(body as OpenAI.Responses.ResponseCreateParamsStreaming, options)
        : openaiClient(server, key).chat.completions.create(
            body as OpenAI.ChatCompletionCreateParamsStreaming,
            options,
          );
  const { data, response } = await (made as ReturnType<OpenAI['chat']['completions']['create']>).withResponse();
  const events = (data as unknown as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  await events.next();
  const drain = async () => {
    try {
      while (!(await events.next()).done);
      return { thrown: null, at: performance.now() };
    } catch (thrown) {
      return { thrown, at: performance.now() };
    }
  };
  return { run_id: response.headers.get('x-aos-run-id') ?? '', ended: drain() };
}

const chat = (client: Api, headers: Record<string, string>, directive: object = { output_tokens: 3 }) =>
  client.post('/v1/chat/completions', wires.chat.body(directive), { headers });

const lastSent = () => at.stub.log.at(-1);
const untilReached = (count: number) =>
  waitFor(() => at.stub.log.length >= count, { what: 'a request at the provider' });

describe('killing a run', () => {
  test.each(wire_names)('ends its stream on another process, and says who did it and why (%s)', async (wire) => {
    const live = await stream(wire, { 'x-aos-agent-id': `killed-${wire}` });
    const at_risk = expectStatus(200, await here.get<{ at_most_usd: string }>(`/api/v1/runs/${live.run_id}/in-flight`));
    expect(at_risk).toMatchObject({ calls: 1, unpriced_calls: 0, runs: 0 });
    const asked_at = performance.now();
    const killed = await here.post<Receipt>(`/api/v1/runs/${live.run_id}/kill`, because('it loops over the same mail'));
    const receipt = expectStatus(200, killed);
    expect(receipt).toMatchObject({ streams_cut: 1, calls_aborted: 0, processes_asked: 2, processes_confirmed: 2 });
    expect(receipt.message).toContain('1 stream cut, 0 calls aborted');
    await waitFor(() => lastSent()?.closed_at, { what: 'the closed connection to the provider', interval_ms: 2 });
    const { thrown, at: ended_at } = await live.ended;
    // By itself it would go on for most of a minute.
    expect(ended_at - asked_at).toBeLessThan(20_000);
    expect(String((thrown as Error).message)).toMatch(/was killed by the key .*it loops over the same mail/);
    const run = expectStatus(200, await here.get(`/api/v1/runs/${live.run_id}`));
    expect(run).toMatchObject({ status: 'cancelled', termination_reason: 'USER_ABORT', outcome_record: 'ABORTED' });
    const by = { kind: 'api_key', id: expect.stringMatching(/^key_/), name: expect.any(String) };
    const confirmed = { streams_cut: 1, calls_aborted: 0, processes_confirmed: 2, processes_missing: 0 };
    expect(run).toMatchObject({ kill: { by, reason: 'it loops over the same mail', ...confirmed } });
    const [record] = await at.sql('select * from llm_run_records where run_id = $1', [live.run_id]);
    expect(record).toMatchObject({ execution_status: 'cancelled', error_code: 'run_terminated', verdict: 'kill' });
    // Said before the kill, and more than it came to.
    expect(Number(at_risk.at_most_usd)).toBeGreaterThan(Number(record?.cost_usd));
    const after = expectStatus(200, await here.get(`/api/v1/runs/${live.run_id}/in-flight`));
    expect(after).toEqual({ calls: 0, at_most_usd: '0.000000000', unpriced_calls: 0, runs: 0 });
    expect(Number(record?.output_tokens)).toBeGreaterThan(0);
    expect(Number(record?.output_tokens)).toBeLessThan(5_000);
    await waitFor(
      async () =>
        (await at.sql('select from traces where run_id = $1 and completed_at is not null', [live.run_id])).length,
      { what: 'the completed trace' },
    );
    expect(await at.sql('select from holds where run_id = $1', [live.run_id])).toEqual([]);
    const audit = await at.sql("select * from audit_ledger where run_id = $1 and event = 'RUN_KILLED'", [live.run_id]);
    expect(audit).toMatchObject([{ reason: 'it loops over the same mail', object_id: live.run_id }]);
  });

  test('refuses its later calls with a stored decision, and keeps what the run was', async () => {
    const live = await stream('chat', { 'x-aos-agent-id': 'killed-later' });
    expectStatus(200, await here.post(`/api/v1/runs/${live.run_id}/kill`, because('enough')));
    await live.ended;
    const sent = at.stub.log.length;
    for (const client of [here, there]) {
      const refused = await chat(client, { 'x-aos-run-id': live.run_id });
      expect(refused.status).toBe(403);
      expect(refused.body).toMatchObject({ error: { type: 'policy_violation', code: 'run_terminated' } });
      expect(refused.headers.get('x-aos-decision')).toBe('kill');
      expect(refused.headers.get('x-aos-run-id')).toBe(live.run_id);
      expect(refused.headers.get('x-should-retry')).toBe('false');
      const decision = await here.get(`/api/v1/decisions/${refused.headers.get('x-aos-decision-id')}`);
      expect(decision.body).toMatchObject({
        verdict: 'kill',
        code: 'run_terminated',
        run_id: live.run_id,
        step_id: null,
      });
    }
    expect(at.stub.log.length).toBe(sent);
    const [run] = await at.sql('select calls, refused_calls, status from runs where id = $1', [live.run_id]);
    expect(run).toEqual({ calls: 1, refused_calls: 0, status: 'cancelled' });
    const again = await here.post(`/api/v1/runs/${live.run_id}/kill`, because('again'));
    expect(again.status).toBe(409);
  });

  test('aborts a plain call, which is charged what was held', async () => {
    const before = at.stub.log.length;
    const waiting = chat(there, { 'x-aos-agent-id': 'killed-plain', 'x-aos-session-id': 'plain' }, slow);
    await untilReached(before + 1);
    const [run] = await at.sql("select id from runs where status = 'running' order by id desc limit 1");
    const receipt = expectStatus(200, await here.post<Receipt>(`/api/v1/runs/${run?.id}/kill`, because('stuck')));
    expect(receipt).toMatchObject({ calls_aborted: 1, streams_cut: 0, complete: true });
    const answer = await waiting;
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { code: 'run_terminated' } });
    await waitFor(() => lastSent()?.closed_at, { what: 'the closed connection' });
    const [record] = await at.sql('select * from llm_run_records where run_id = $1', [run?.id]);
    expect(record).toMatchObject({ execution_status: 'cancelled', usage_source: 'estimated' });
    // The session is the agent's own label: using it again does not bring the run back.
    const next = await chat(here, { 'x-aos-agent-id': 'killed-plain', 'x-aos-session-id': 'plain' });
    expect(next.body).toMatchObject({ error: { code: 'run_terminated' } });
  });

  test('needs a reason and the right to operate', async () => {
    const { run_id, ended } = await stream('chat', { 'x-aos-agent-id': 'not-killed' });
    const { secret } = await callingKey(here);
    expect((await api(at.servers[0] as never, secret).post(`/api/v1/runs/${run_id}/kill`, because('x'))).status).toBe(
      403,
    );
    expect((await here.post(`/api/v1/runs/${run_id}/kill`, {})).status).toBe(400);
    expectStatus(200, await here.post(`/api/v1/runs/${run_id}/kill`, because('end of the test')));
    await ended;
  });
});

describe('containing', () => {
  const kinds = ['agent', 'actor', 'api_key', 'tenant'] as const;

  test.each(kinds)(
    'an %s cuts its calls, refuses later ones on every process, and is undone by a release',
    async (kind) => {
      const key = await callingKey(here);
      const name = `contained-${kind}`;
      const headers = { 'x-aos-agent-id': `agent-${name}`, 'x-aos-actor-id': `actor-${name}` };
      const clients = at.servers.map((server) => api(server, key.secret));
      const live = await stream('chat', headers, key.secret);
      const id = {
        agent: headers['x-aos-agent-id'],
        actor: headers['x-aos-actor-id'],
        api_key: key.id,
        tenant: undefined,
      }[kind];
      const contained = await here.post<Receipt>('/api/v1/containments', { kind, id, reason: 'spends at night' });
      const { stop, ...receipt } = expectStatus(201, contained);
      expect(receipt).toMatchObject({ complete: true, processes_confirmed: 2 });
      expect(receipt.streams_cut).toBeGreaterThanOrEqual(1);
      const { thrown } = await live.ended;
      expect(String((thrown as Error).message)).toMatch(
        /is contained by .*spends at night.*until a person releases it/,
      );
      const sent = at.stub.log.length;
      for (const client of clients) {
        const refused = await chat(client, headers);
        expect(refused.status).toBe(403);
        expect(refused.body).toMatchObject({ error: { type: 'policy_violation', code: 'agent_contained' } });
      }
      expect(at.stub.log.length).toBe(sent);
      expect((await here.post('/api/v1/containments', { kind, id, reason: 'twice' })).status).toBe(409);
      const released = await here.post(`/api/v1/containments/${stop.id}/release`, because('repaired'));
      expect(expectStatus(200, released)).toMatchObject({ release_reason: 'repaired' });
      for (const client of clients) expectStatus(200, await chat(client, headers));
    },
  );

  test('outlives its process, and is listed', async () => {
    const headers = { 'x-aos-agent-id': 'contained-for-long' };
    expectStatus(200, await chat(here, headers));
    const body = { kind: 'agent', id: 'contained-for-long', reason: 'under review' };
    const { stop } = expectStatus(201, await here.post<Receipt>('/api/v1/containments', body));
    const fresh = await at.startOne();
    expect((await chat(api(fresh), headers)).status).toBe(403);
    const list = await here.get<{ items: { id: string }[] }>('/api/v1/containments?in_force=true');
    expect(list.body.items.map((item) => item.id)).toContain(stop.id);
    await fresh.stop();
  });
});

describe('revoking a key', () => {
  test('ends what is under way with it on another process, and nothing of the key that replaced it', async () => {
    const key = await callingKey(here);
    const rotate = here.post<{ secret: string }>(`/api/v1/api-keys/${key.id}/rotate`, {
      ...because('a new month'),
      overlap_seconds: 600,
    });
    const next = expectStatus(200, await rotate);
    const agent = { 'x-aos-agent-id': 'revoked' };
    const old = await stream('chat', agent, key.secret);
    const plain = chat(api({ url: there.url }, key.secret), agent, slow);
    const other = await stream('chat', agent, next.secret);
    await waitFor(async () => (await at.sql('select from holds')).length === 3, { what: 'three calls in flight' });
    expectStatus(200, await here.post(`/api/v1/api-keys/${key.id}/revoke`, because('it leaked')));
    expect(String(((await old.ended).thrown as Error).message)).toMatch(/the key "campaign" .*was revoked at/);
    const refused = await plain;
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('was revoked at')]);
    const record = 'select execution_status, error_code from llm_run_records where run_id = $1';
    expect(await at.sql(record, [old.run_id])).toEqual([
      { execution_status: 'cancelled', error_code: 'unauthenticated' },
    ]);
    expect(await at.sql(record, [other.run_id])).toEqual([]);
    expectStatus(200, await here.post(`/api/v1/runs/${other.run_id}/kill`, because('the test is over')));
    await other.ended;
  });
});

describe('a control that kills', () => {
  test('refuses the call, cuts the other calls of the run, and ends it as failed by policy', async () => {
    const agent = 'killed-by-policy';
    await makePolicy(here, {
      name: 'One call a run',
      target: { kind: 'agent', ids: [agent] },
      controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'kill' }],
    });
    const headers = { 'x-aos-agent-id': agent, 'x-aos-session-id': 'policy' };
    const live = await stream('chat', headers);
    const refused = await chat(here, headers);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      error: { code: 'run_terminated', details: { policy_name: 'One call a run' } },
    });
    expect(refused.headers.get('x-aos-decision')).toBe('kill');
    const { thrown } = await live.ended;
    expect(String((thrown as Error).message)).toContain('was killed by a policy');
    const run = expectStatus(200, await here.get(`/api/v1/runs/${live.run_id}`));
    expect(run).toMatchObject({ status: 'failed_policy', termination_reason: 'RATE_LIMITED' });
    const incidents = await at.sql('select category, severity from incidents where source_run_id = $1', [live.run_id]);
    expect(incidents).toContainEqual({ category: 'RATE_LIMIT', severity: 'CRITICAL' });
    expect((await chat(there, headers)).body).toMatchObject({ error: { code: 'run_terminated' } });
  });

  test('ends the run although its reason holds what the database has no place for, and asks a person so, too', async () => {
    const agent = 'killed-odd';
    const rule = { type: 'model_access', params: { deny: ['openai/o1*'] } };
    const target = { kind: 'agent', ids: [agent] };
    await makePolicy(here, { name: 'No o1', target, controls: [{ rule, action: 'kill' }] });
    const headers = { 'x-aos-agent-id': agent, 'x-aos-session-id': 'odd' };
    const odd = { model: 'openai/o1\u0000\ud800' };
    const refused = await here.post('/v1/chat/completions', wires.chat.body({}, odd), { headers });
    expect(refused.status, JSON.stringify(refused.body)).toBe(403);
    const run = expectStatus(200, await here.get(`/api/v1/runs/${refused.headers.get('x-aos-run-id')}`));
    expect(run).toMatchObject({
      status: 'failed_policy',
      kill: { reason: expect.stringContaining('openai/o1\ufffd\ufffd') },
    });
    const asking = { rule, action: 'pause', pause: { wait_seconds: 0 } };
    await makePolicy(here, { name: 'Ask for o1', target: { kind: 'agent', ids: ['asked-odd'] }, controls: [asking] });
    const waited = await here.post('/v1/chat/completions', wires.chat.body({}, odd), {
      headers: { 'x-aos-agent-id': 'asked-odd' },
    });
    expect(waited.status, JSON.stringify(waited.body)).toBe(429);
    const questions = await at.sql("select question from approvals where policy_name = 'Ask for o1'");
    expect(questions).toEqual([{ question: expect.stringContaining('openai/o1\ufffd\ufffd') }]);
  });

  test('ends the run later, where that failed when it was decided', async () => {
    const agent = 'killed-late';
    await makePolicy(here, {
      name: 'Not this one',
      target: { kind: 'agent', ids: [agent] },
      controls: [{ rule: { type: 'model_access', params: { deny: ['gpt-4o-mini'] } }, action: 'kill' }],
    });
    await at.sql('alter table stops add constraint none_now check (false) not valid');
    const headers = { 'x-aos-agent-id': agent, 'x-aos-session-id': 'late' };
    const refused = await chat(here, headers);
    const run_id = refused.headers.get('x-aos-run-id') ?? '';
    expect(refused.body).toMatchObject({ error: { code: 'run_terminated', details: { policy_name: 'Not this one' } } });
    const other = wires.chat.body({ output_tokens: 3 }, { model: 'gpt-4o' });
    expectStatus(200, await there.post('/v1/chat/completions', other, { headers }));
    await at.sql('alter table stops drop constraint none_now');
    const run = await waitFor(
      async () => {
        const found = expectStatus(200, await here.get<{ status: string }>(`/api/v1/runs/${run_id}`));
        return found.status === 'running' ? null : found;
      },
      { what: 'the end of the run' },
    );
    expect(run).toMatchObject({ status: 'failed_policy', kill: { by: { kind: 'policy', name: 'Not this one' } } });
    expect((await there.post('/v1/chat/completions', other, { headers })).status).toBe(403);
  });
});
