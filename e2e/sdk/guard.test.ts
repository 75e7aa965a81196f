import { AOS } from '@aos/sdk/client.ts';
import { ConnectionError, InvalidRequestError, NotFoundError, PolicyBlockedError } from '@aos/sdk/errors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
let aos: AOS;
beforeAll(async () => {
  gateway = await startGateway();
  aos = new AOS({ api_key: gateway.server.admin_key, base_url: gateway.server.url });
});
afterAll(() => gateway?.stop());

const messages = [{ role: 'user', content: 'Say hello.' }];
const call = { model: 'gpt-4o-mini', messages, max_tokens: 1_000 };
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('a check', () => {
  test('says what the gateway would answer, and leaves nothing behind', async () => {
    const limit = { type: 'tokens_output', max: 1_500, window: { per: 'day' } };
    const policy = await limitAgent(gateway, 'checked', { limit, action: 'block' });
    const context = { agent_id: 'checked' };
    const free = await aos.guard.check(call, context);
    expect(free).toMatchObject({ allowed: true, error: null, answer: { verdict: 'continue' } });
    expect(free.answer?.estimate).toMatchObject({ output_tokens: 1000, cost_usd: expect.stringMatching(/^0\.000/) });

    const before = gateway.stub.log.length;
    for (let n = 0; n < 3; n++) expect((await aos.guard.check(call, context)).allowed).toBe(true);
    expect(gateway.stub.log.length).toBe(before);
    expect((await aos.limits.list({ policy_id: policy.id })).items[0]).toMatchObject({ posted: 0, pending: 0 });
    expect(await gateway.rows("select from agents where slug = 'checked'")).toEqual([]);
    expect(await gateway.rows('select from runs')).toEqual([]);

    const openai = gateway.openai({ defaultHeaders: aos.headers(context) });
    const spending = { model: call.model, max_tokens: 1_000, messages: [{ role: 'user' as const, content: 'Hello.' }] };
    const content = 'Hello. stub: {"output_tokens": 1000}';
    await openai.chat.completions.create({ ...spending, messages: [{ role: 'user', content }] });
    await gateway.untilSettled();
    const spent = await aos.guard.check(call, context);
    const met = (await thrownBy(openai.chat.completions.create(spending))) as { status: number; code: string };
    expect(spent).toMatchObject({ allowed: false, answer: { verdict: 'block' } });
    expect(spent.error).toBeInstanceOf(PolicyBlockedError);
    expect(spent.error).toMatchObject({ status: met.status, code: met.code, details: { policy_id: policy.id } });
    expect(spent.error?.url).toContain(`/policies/${policy.id}`);
    expect(await thrownBy(aos.guard.require(call, context))).toMatchObject({ name: 'PolicyBlockedError' });
  });

  test('names what it cannot read, and a model that nobody serves', async () => {
    const wrong = [{ model: 'gpt-4o-mini' }, { ...call, input_tokens: 3 }, { ...call, max_tokns: 3 }];
    for (const one of wrong) expect(await thrownBy(aos.guard.check(one))).toBeInstanceOf(InvalidRequestError);
    const other = thrownBy(aos.call('checkCall', { body: { ...call, kind: 'tool' as 'llm' } }));
    expect(await other).toMatchObject({ code: 'invalid_body', message: expect.stringContaining('kind') });
    expect(await thrownBy(aos.guard.check({ ...call, model: 'nobodys' }))).toBeInstanceOf(NotFoundError);
  });

  test('is not allowed when nobody can be asked, unless that is wanted', async () => {
    const alone = new AOS({ api_key: 'k', base_url: 'http://127.0.0.1:9' });
    const closed = await alone.guard.check(call);
    expect(closed).toMatchObject({ allowed: false, answer: null });
    expect(closed.error).toBeInstanceOf(ConnectionError);
    expect(closed.error?.message).toContain('on_unavailable: deny');
    expect(await thrownBy(alone.guard.require(call))).toBeInstanceOf(ConnectionError);
    expect(await alone.guard.check(call, {}, { on_unavailable: 'allow' })).toMatchObject({
      allowed: true,
      error: null,
    });
    // A server that answers, and refuses the key, can be asked: that is no reason to let pass.
    const stranger = new AOS({ api_key: 'aos-nobody', base_url: gateway.server.url });
    const refused = stranger.guard.check(call, {}, { on_unavailable: 'allow' });
    expect(await thrownBy(refused)).toMatchObject({ name: 'AuthenticationError' });
  });
});

describe('a run of an agent that works by itself', () => {
  const hello = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hello. stub: {}' }] };

  test('has the calls that are made inside it, whichever client makes them, and ends as the work ended', async () => {
    const openai = gateway.openai({ ...aos.openaiOptions({ agent_id: 'own-bot' }) });
    const anthropic = gateway.anthropic(aos.anthropicOptions({ agent_id: 'own-bot' }));
    const id = await aos.withRun({ agent_id: 'own-bot', goal: 'Work by myself.' }, async (run) => {
      expect((await aos.runs.get(run.id)).status).toBe('running');
      expect(aos.headers()).toMatchObject({ 'x-aos-run-id': run.id });
      await openai.chat.completions.create(hello);
      await anthropic.messages.create({ ...hello, model: 'claude-opus-4-6', max_tokens: 50 });
      return run.id;
    });
    expect(await aos.runs.get(id)).toMatchObject({ status: 'succeeded', calls: 2, mode: 'external' });
    expect(aos.headers()).toEqual({});
    const { response } = await openai.chat.completions.create(hello).withResponse();
    expect(response.headers.get('x-aos-run-id')).not.toBe(id);
  });

  test('tells what its agent does by itself, with what happens in it, and stops when a policy says so', async () => {
    await limitAgent(gateway, 'stepping', {
      limit: { type: 'tool_calls', max: 2, window: { per: 'run' } },
      action: 'block',
    });
    const openai = gateway.openai({ ...aos.openaiOptions({ agent_id: 'stepping' }) });
    let id = '';
    const work = aos.withRun({ agent_id: 'stepping', goal: 'Use tools.' }, async (run) => {
      id = run.id;
      const found = await run.step({ kind: 'tool', name: 'search', params: { q: 'tickets' } }, async (step) => {
        expect(aos.headers()).toMatchObject({ 'x-aos-step-id': step.context.step_id });
        await openai.chat.completions.create(hello);
        await step.step('retrieval', () => 'a page');
        return 7;
      });
      expect(found).toBe(7);
      const broken = run.step('tool', () => {
        throw new RangeError('too much');
      });
      await expect(broken).rejects.toThrow('too much');
      await run.step('tool', () => 'one too many');
      throw new Error('it went on');
    });
    const stopped = await thrownBy(work);
    expect(stopped).toBeInstanceOf(PolicyBlockedError);
    expect(stopped).toMatchObject({ code: 'quota_exceeded', decision_id: expect.stringContaining('dec_') });
    const { items } = await aos.runs.steps(id);
    const outer = items.find(({ skill }) => skill === 'search');
    expect(
      items
        .filter(({ parent_step_id }) => parent_step_id === outer?.id)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['llm', 'retrieval']);
    expect(items.filter(({ skill }) => skill === 'tool').map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    expect((await aos.runs.get(id)).status).toBe('failed');
  });

  test('fails with its error, and a killed one stays killed', async () => {
    let id = '';
    const asked = { agent_id: 'own-bot', goal: 'Fail.' };
    const failing = aos.withRun(asked, (run) => {
      id = run.id;
      throw new RangeError('too much');
    });
    await expect(failing).rejects.toThrow('too much');
    expect((await aos.runs.get(id)).status).toBe('failed');
    const killed = await aos.withRun(asked, async (run) => {
      await aos.runs.kill(run.id, { reason: 'by a test' });
      return run.id;
    });
    expect(await aos.runs.get(killed)).toMatchObject({ status: expect.not.stringMatching('succeeded') });
  });
});
