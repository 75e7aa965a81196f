import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, recordsOf, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const of = (agent: string, more: Record<string, string> = {}) => ({ 'x-aos-agent-id': agent, ...more });
const chat = (headers: Record<string, string>, directive: object = { output_tokens: 3 }, more: object = {}) =>
  gateway.admin.post<Record<string, never>>('/v1/chat/completions', wires.chat.body(directive, more), { headers });

/** 1,000 output tokens of the stub's model, held and spent. */
const dear = (agent: string) => chat(of(agent), { output_tokens: 1_000 }, { max_tokens: 1_000 });
const capped = { limit: { type: 'tokens_output', max: 1_000, window: { per: 'day' } } };
const pausing = (pause: object = {}) => ({ ...capped, action: 'pause', pause: { wait_seconds: 0, ...pause } });

interface Question {
  id: string;
  status: string;
  subject: string;
  question: string;
  ask: string[];
  override_id: string | null;
}
const questions = async (policy_id: string, status = 'pending') => {
  const found = await gateway.admin.get<{ items: (Question & { policy_id: string })[] }>(
    `/api/v1/approvals?status=${status}&limit=100`,
  );
  return expectStatus(200, found).items.filter((one) => one.policy_id === policy_id);
};
const onlyQuestion = (policy_id: string) =>
  waitFor(async () => (await questions(policy_id))[0] ?? null, { what: 'a question to a person' });
const decide = (id: string, how: 'approve' | 'deny', body: object = {}) =>
  gateway.admin.post<Question>(`/api/v1/approvals/${id}/${how}`, { reason: 'looked at it', ...body });

function expectPaused(answer: Answer<unknown>) {
  expect(answer.status).toBe(429);
  expect(answer.headers.get('retry-after')).toBe('30');
  expect(answer.headers.get('x-aos-decision')).toBe('pause');
  expect(answer.body).toMatchObject({ error: { type: 'policy_hold', code: 'run_paused' } });
}

describe('a control that pauses', () => {
  test('lets a call wait until there is room, and then pass', async () => {
    await limitAgent(gateway, 'one-by-one', { limit: { type: 'concurrency', max: 1 }, action: 'pause' });
    const begun = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => chat(of('one-by-one'), { delay_ms: 300, output_tokens: 3 })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(performance.now() - begun).toBeGreaterThan(1_150);
    const at_once = await gateway.rows<{ n: string }>(
      `select count(*)::text as n from llm_run_records a join llm_run_records b on a.id < b.id
         and a.agent_id = b.agent_id and a.admitted_at < b.settled_at and b.admitted_at < a.settled_at
       where a.agent_id = (select id from agents where slug = 'one-by-one')`,
    );
    expect(at_once[0]?.n).toBe('0');
  });

  test.each([false, true])('sends nothing for a caller who left while it waited (stream: %s)', async (stream) => {
    const agent = `left-${stream}`;
    await limitAgent(gateway, agent, { limit: { type: 'concurrency', max: 1 }, action: 'pause' });
    const before = gateway.stub.log.length;
    const first = chat(of(agent), { delay_ms: 1_500 });
    await waitFor(() => gateway.stub.log.length > before, { what: 'the first call at the provider' });
    const leaving = new AbortController();
    const body = wires.chat.body({ output_tokens: 3 }, { stream });
    const options = { headers: of(agent), signal: leaving.signal };
    const second = gateway.admin.post('/v1/chat/completions', body, options).catch((error: Error) => error.name);
    const of_agent = (table: string) =>
      gateway.rows(`select from ${table} where agent_id = (select id from agents where slug = $1)`, [agent]);
    await waitFor(async () => (await of_agent('approvals')).length > 0, { what: 'the wait of the second' });
    leaving.abort();
    expect(await second).toBe('AbortError');
    expectStatus(200, await first);
    await waitFor(async () => (await of_agent('steps s join runs r on r.id = s.run_id')).length === 2, {
      what: 'the end of both',
    });
    expect(gateway.stub.log.length - before).toBe(1);
  });

  test('says that a person is asked when there is no room in time, and asks once', async () => {
    const policy = await limitAgent(gateway, 'asks', pausing());
    expectStatus(200, await dear('asks'));
    const before = gateway.stub.log.length;
    const refused = await Promise.all([dear('asks'), dear('asks'), dear('asks')]);
    for (const answer of refused) expectPaused(answer);
    expect(gateway.stub.log.length).toBe(before);
    const open = await questions(policy.id);
    expect(open).toHaveLength(1);
    expect(open[0]).toMatchObject({ status: 'pending', subject: '*', ask: [] });
    expect(open[0]?.question).toContain('1000 used');
    const asked = await gateway.rows(
      "select from audit_ledger where event = 'LIMIT_APPROVAL_ASKED' and object_id = $1",
      [open[0]?.id],
    );
    expect(asked).toHaveLength(1);
  });

  test('goes on after a one-time raise, while the call still waits, and pauses again when that is spent', async () => {
    const policy = await limitAgent(gateway, 'topped-up', pausing({ wait_seconds: 60 }));
    expectStatus(200, await dear('topped-up'));
    const begun = performance.now();
    const waiting = dear('topped-up');
    const question = await onlyQuestion(policy.id);
    const approved = expectStatus(200, await decide(question.id, 'approve', { top_up: 1_000 }));
    expect(approved).toMatchObject({ status: 'approved', override_id: expect.stringMatching(/^ovr_/) });
    expectStatus(200, await waiting);
    expect(performance.now() - begun).toBeLessThan(30_000);
    const next = dear('topped-up');
    const second = await onlyQuestion(policy.id);
    expect(second.id).not.toBe(question.id);
    expectStatus(200, await decide(second.id, 'approve', { top_up: 1_000 }));
    expectStatus(200, await next);
    expect((await decide(second.id, 'approve')).status).toBe(409);
  });

  test('is passed by until its window ends when a person approves, and refuses when one denies', async () => {
    const passed = await limitAgent(gateway, 'approved', pausing());
    expectStatus(200, await dear('approved'));
    expectPaused(await dear('approved'));
    expectStatus(200, await decide((await onlyQuestion(passed.id)).id, 'approve'));
    const through = await dear('approved');
    expectStatus(200, through);
    expect(through.headers.get('x-aos-decision')).toBe('continue');
    const decision = await gateway.admin.get(`/api/v1/decisions/${through.headers.get('x-aos-decision-id')}`);
    expect(decision.body).toMatchObject({ contributions: [{ fired: true, ruled_by: expect.stringMatching(/^apr_/) }] });
    const denied = await limitAgent(gateway, 'denied', pausing());
    expectStatus(200, await dear('denied'));
    expectPaused(await dear('denied'));
    expectStatus(200, await decide((await onlyQuestion(denied.id)).id, 'deny'));
    const refused = await dear('denied');
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({ error: { code: 'token_limit_exceeded' } });
  });

  test.each(['block', 'continue'] as const)('without an answer in time does as it says (%s)', async (on_timeout) => {
    const agent = `timed-out-${on_timeout}`;
    const policy = await limitAgent(gateway, agent, pausing({ timeout_seconds: 1, on_timeout }));
    expectStatus(200, await dear(agent));
    expectPaused(await dear(agent));
    const asked = async () => (await questions(policy.id))[0] ?? (await questions(policy.id, 'timed_out'))[0];
    const question = await waitFor(asked, { what: 'a question to a person' });
    await sleep(1_100);
    expect((await dear(agent)).status).toBe(on_timeout === 'block' ? 402 : 200);
    await waitFor(async () => (await questions(policy.id, 'timed_out')).length, { what: 'the mark' });
    expect((await decide(question.id, 'approve')).status).toBe(409);
  });

  test('asks nobody any more about a run that has ended', async () => {
    const policy = await limitAgent(gateway, 'ended', pausing());
    const ask = async (run_id: string) => {
      const headers = of('ended', { 'x-aos-run-id': run_id });
      return chat(headers, { output_tokens: 1_000 }, { max_tokens: 1_000 });
    };
    const openRun = async () => {
      const made = await gateway.admin.post<{ id: string }>('/api/v1/runs', {
        ...{ goal: 'x', agent_id: 'ended', mode: 'external' },
      });
      return expectStatus(202, made).id;
    };
    const [first, second] = [await openRun(), await openRun()];
    expectStatus(200, await ask(first));
    expectPaused(await ask(first));
    const question = await onlyQuestion(policy.id);
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${first}/finish`, { outcome: 'succeeded' }));
    // In the transaction that ended the run: there is no moment between.
    expect(await questions(policy.id)).toEqual([]);
    expect(await questions(policy.id, 'withdrawn')).toMatchObject([{ id: question.id }]);
    const written = await gateway.rows('select event from audit_ledger where object_id = $1 order by id', [
      question.id,
    ]);
    expect(written.map(({ event }) => event)).toEqual(['LIMIT_APPROVAL_ASKED', 'LIMIT_APPROVAL_WITHDRAWN']);
    expect((await decide(question.id, 'approve')).status).toBe(409);
    // Whoever is paused by the same limit asks anew.
    expectPaused(await ask(second));
    const again = await onlyQuestion(policy.id);
    expect(again.id).not.toBe(question.id);
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${second}/kill`, { reason: 'over' }));
    expect(await questions(policy.id)).toEqual([]);
  });

  test('asks whom it names and nobody else', async () => {
    const policy = await limitAgent(gateway, 'asks-approvers', pausing({ ask: ['approver'] }));
    expectStatus(200, await dear('asks-approvers'));
    expectPaused(await dear('asks-approvers'));
    const question = await onlyQuestion(policy.id);
    const refused = await decide(question.id, 'approve');
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('this question is for approver'.replace('this', 'This'));
    const keyOf = async (role: string) => api(gateway.server, (await makeKey(gateway.admin, { role })).secret);
    const path = `/api/v1/approvals/${question.id}/deny`;
    expect((await (await keyOf('viewer')).post(path, { reason: 'no' })).status).toBe(403);
    expectStatus(200, await (await keyOf('approver')).post(path, { reason: 'no' }));
  });

  test('in shadow changes nothing and asks nobody', async () => {
    const policy = await limitAgent(gateway, 'shadowed', pausing(), { mode: 'shadow' });
    expectStatus(200, await dear('shadowed'));
    const answer = await dear('shadowed');
    expectStatus(200, answer);
    expect(answer.headers.get('x-aos-shadow')).toBe('pause');
    expect(await questions(policy.id)).toEqual([]);
  });

  test('says in its sentence how it waits, and only it may', async () => {
    const policy = await limitAgent(gateway, 'worded', pausing({ wait_seconds: 30, ask: ['approver'] }));
    expect(policy.sentence).toContain(
      'wait up to 30 seconds for room and up to 1 hour for approver to decide (without an answer they are refused)',
    );
    const draft = { name: 'x', target: { kind: 'all_runs' }, controls: [{ ...pausing(), action: 'block' }] };
    const refused = await gateway.admin.post('/api/v1/policies', draft);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('controls[0].pause');
  });
});

describe('a run that a person pauses', () => {
  const session = (name: string) => of('paused-agent', { 'x-aos-session-id': name });
  const hold = (run_id: string, how: 'pause' | 'resume') =>
    gateway.admin.post<{ hold: string }>(`/api/v1/runs/${run_id}/${how}`, { reason: 'have to look' });
  const runOf = (answer: Answer<unknown>) => answer.headers.get('x-aos-run-id') ?? '';

  test('lets its calls wait until it is resumed, and its run time stands still', async () => {
    await limitAgent(gateway, 'paused-agent', { limit: { type: 'duration', max: 4 }, action: 'block' });
    const run_id = runOf(await chat(session('waits')));
    expect(expectStatus(200, await hold(run_id, 'pause')).hold).toBe('paused');
    expect((await hold(run_id, 'pause')).status).toBe(409);
    const [row] = await gateway.rows('select hold, status from runs where id = $1', [run_id]);
    expect(row).toEqual({ hold: 'paused', status: 'running' });
    const before = gateway.stub.log.length;
    const waiting = chat(session('waits'));
    await sleep(4_500);
    expect(gateway.stub.log.length).toBe(before);
    expectStatus(200, await hold(run_id, 'resume'));
    expectStatus(200, await waiting);
    expect((await hold(run_id, 'resume')).status).toBe(409);
    const events = await gateway.rows(
      "select event from audit_ledger where object_id = $1 and event like 'RUN_%' order by id",
      [run_id],
    );
    expect(events.map(({ event }) => event)).toEqual(['RUN_PAUSED', 'RUN_RESUMED']);
  });

  test('holds its stream still, and the stream goes on whole', async () => {
    const response = await fetch(`${gateway.server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${gateway.server.admin_key}`,
        'content-type': 'application/json',
        ...of('streams'),
      },
      body: JSON.stringify(wires.chat.body({ output_tokens: 200, chunk_delay_ms: 5 }, { stream: true })),
    });
    const run_id = response.headers.get('x-aos-run-id') ?? '';
    const times: number[] = [];
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        times.push(performance.now());
        text += Buffer.from(chunk).toString();
      }
    })();
    await waitFor(() => times.length > 5, { what: 'a stream under way' });
    expectStatus(200, await hold(run_id, 'pause'));
    await sleep(1_500);
    expectStatus(200, await hold(run_id, 'resume'));
    await reading;
    const longest = Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? at)));
    expect(longest).toBeGreaterThan(1_000);
    expect(text).toContain('[DONE]');
    expect(text).not.toContain('error');
  });

  test('gives its stream under way the time back for which it stood still', async () => {
    await limitAgent(gateway, 'timed', { limit: { type: 'duration', max: 8 }, action: 'block' });
    // Two seconds of words, and a pause that is longer than the limit.
    const directive = { output_tokens: 200, chunk_delay_ms: 10 };
    const live = chat(of('timed'), directive, { stream: true });
    const opened = await waitFor(
      async () =>
        (
          await gateway.rows(
            "select run_id from holds where call ->> 'agent_id' = (select id from agents where slug = 'timed')",
          )
        )[0] ?? null,
      { what: 'the stream under way' },
    );
    expectStatus(200, await hold(String(opened.run_id), 'pause'));
    await sleep(9_000);
    expectStatus(200, await hold(String(opened.run_id), 'resume'));
    const { text } = await live;
    expect(text).toContain('[DONE]');
    const [record] = await recordsOf(gateway, String(opened.run_id));
    expect(record).toMatchObject({ execution_status: 'succeeded' });
  });

  test('is killed for good: nothing of it waits any more', async () => {
    const run_id = runOf(await chat(session('killed')));
    expectStatus(200, await hold(run_id, 'pause'));
    const waiting = chat(session('killed'));
    await sleep(300);
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${run_id}/kill`, { reason: 'enough' }));
    const answer = await waiting;
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { code: 'run_terminated' } });
    expect((await hold(run_id, 'resume')).status).toBe(409);
  });
});
