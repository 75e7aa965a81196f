import type { Explanation } from '@aos/core/api/explain.ts';
import type { DecisionObject } from '@aos/core/policies/decision-object.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const explain = async (asked: object): Promise<Explanation> =>
  expectStatus(200, await gateway.admin.post<Explanation>('/api/v1/policies/explain', asked));

interface Asked {
  agent: string;
  actor?: string;
  model: string;
  tags?: Record<string, string>;
  messages: { role: string; content: string }[];
  max_tokens?: number;
}

/** The same call for real. */
async function call({ agent, actor, model, tags = {}, messages, max_tokens }: Asked) {
  const headers = {
    'x-aos-agent-id': agent,
    ...(actor !== undefined && { 'x-aos-actor-id': actor }),
    'x-aos-tags': Object.entries(tags)
      .map((pair) => pair.join('='))
      .join(','),
  };
  const body = { model, messages, ...(max_tokens !== undefined && { max_tokens }) };
  const answer = await gateway.admin.post('/v1/chat/completions', body, { headers });
  await gateway.untilSettled();
  const id = answer.headers.get('x-aos-decision-id');
  return { answer, decision: expectStatus(200, await gateway.admin.get<DecisionObject>(`/api/v1/decisions/${id}`)) };
}

const askedFor = ({ max_tokens, ...asked }: Asked): object => ({
  ...asked,
  ...(max_tokens !== undefined && { estimate: { max_output_tokens: max_tokens } }),
});

const said = (contributions: Explanation['policies'][number]['controls']) =>
  contributions
    .map(({ control_id, verdict, fired, limit, used, requested, remaining, reason }) =>
      JSON.stringify({ control_id, verdict, fired, limit, used, requested, remaining, reason }),
    )
    .sort();

const day = { per: 'day' };
const spend = (max: string, action = 'block') => ({ limit: { type: 'cost_usd', max, window: day }, action });

describe('a supposed call', () => {
  test('meets every policy that is there: those that apply with their numbers, the others with what keeps it out', async () => {
    const agent = 'explained';
    const target = { kind: 'agent', ids: [agent] };
    const limited = await makePolicy(gateway.admin, { name: 'Budget', target, controls: [spend('0.5')] });
    const narrowed = await makePolicy(gateway.admin, {
      name: 'Large models',
      target: { ...target, when: { model: ['mock-large'], tag: ['team=search'] } },
      controls: [spend('1')],
    });
    const others = await makePolicy(gateway.admin, {
      name: 'Others',
      target: { kind: 'agent', ids: ['somebody-else'] },
      controls: [spend('1')],
    });
    const excepting = await makePolicy(gateway.admin, {
      name: 'All but one',
      target: { kind: 'all_runs', except_ids: [agent] },
      controls: [spend('100')],
    });
    const draft = { name: 'A draft', target, controls: [spend('1')] };
    const { id: draft_id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/policies', draft));
    const before = await gateway.rows('select count(*)::int as n from balances');

    const explained = await explain({
      agent,
      model: 'mock-small',
      estimate: { input_tokens: 1000, max_output_tokens: 10 },
    });
    expect(explained).toMatchObject({
      kind: 'hypothetical',
      verdict: 'continue',
      status: 200,
      deciding: null,
      summary: 'The call would pass: the one control that applies did not fire.',
      estimate: { input_tokens: 1000 },
      call: { agent, provider: 'mock', model: 'mock-small', project: 'default', run_id: null },
      notes: [`The agent "${agent}" has not been seen yet; its first call registers it.`],
    });
    const why = new Map(explained.policies.map((of) => [of.policy_id, of]));
    expect(why.get(limited.id)).toMatchObject({
      matched: true,
      why: 'the call is one of those of agent explained',
      controls: [{ type: 'cost_usd', limit: '0.500000000', used: '0.000000000', fired: false }],
    });
    expect(why.get(narrowed.id)).toMatchObject({
      matched: false,
      why: 'it applies to model mock-large only, and the model is mock/mock-small',
    });
    expect(why.get(others.id)?.why).toBe(
      'it applies to calls of agent somebody-else, and the agent of the call is explained',
    );
    expect(why.get(excepting.id)?.why).toBe('the call is excepted by agent explained');
    expect(why.get(draft_id)).toMatchObject({
      status: 'draft',
      why: 'it is a draft: it applies to no call until it is activated',
    });
    const large = await explain({ agent, model: 'mock-large', tags: { team: 'sales' } });
    expect(large.policies.find((of) => of.policy_id === narrowed.id)?.why).toBe(
      'it applies to calls tagged team=search only, and the call is tagged team=sales',
    );
    expect(large.notes).toContain('No prompt is given: 1000 input tokens are assumed. Send messages or estimate.');

    const dear = await explain({
      agent,
      model: 'mock-expensive',
      estimate: { input_tokens: 100_000, max_output_tokens: 4000 },
    });
    expect(dear).toMatchObject({
      verdict: 'block',
      status: 402,
      code: 'budget_exceeded',
      deciding: { policy_id: limited.id, limit: '0.500000000' },
    });
    expect(dear.summary).toMatch(
      new RegExp(`^The call would be refused with 402 budget_exceeded by policy "Budget" \\(${limited.id}\\): cost: `),
    );
    expect(await gateway.rows('select count(*)::int as n from balances')).toEqual(before);
    expect(await gateway.rows("select id from agents where slug = 'explained'")).toEqual([]);
    for (const table of ['runs', 'holds', 'decisions', 'llm_run_records'])
      expect([table, await gateway.rows(`select * from ${table}`)]).toEqual([table, []]);
  });

  test('is decided as the same call is, made right after it', async () => {
    const agents = ['red', 'green', 'blue'];
    const limits = [
      ...agents.map((agent, n) => ({
        name: `for ${agent}`,
        target: { kind: 'agent', ids: [agent] },
        controls: [
          { limit: { type: 'tokens_total', max: 300 + 100 * n, window: day }, action: 'block' },
          { limit: { type: 'requests', max: 4 + n, window: day }, action: 'warn' },
        ],
      })),
      {
        name: 'per actor',
        target: { kind: 'all_runs', ids: [], when: { tag: ['team=search'] } },
        controls: [{ limit: { type: 'tokens_output', max: 90, window: day, count_per: 'actor' }, action: 'block' }],
      },
      {
        name: 'no large models',
        target: { kind: 'actor', ids: ['ann'] },
        controls: [{ rule: { type: 'model_access', params: { deny: ['mock-large'] } }, action: 'block' }],
      },
      { name: 'shadowed', target: { kind: 'all_runs' }, mode: 'shadow', controls: [spend('0.0001')] },
    ];
    for (const document of limits) await makePolicy(gateway.admin, document);
    const any_call = fc.record({
      agent: fc.constantFrom(...agents),
      actor: fc.constantFrom('ann', 'ben'),
      model: fc.constantFrom('mock-small', 'mock-large', 'mock/mock-small'),
      tags: fc.constantFrom<Record<string, string>>({}, { team: 'search' }),
      messages: fc.string({ maxLength: 60 }).map((content) => [{ role: 'user', content: `Hello ${content}` }]),
      max_tokens: fc.integer({ min: 1, max: 60 }),
    });
    const verdicts = new Set<string>();
    for (const asked of fc.sample(any_call, { numRuns: 40, seed: 7 })) {
      const explained = await explain(askedFor(asked));
      const { answer, decision } = await call(asked);
      verdicts.add(decision.verdict);
      expect([explained.verdict, explained.status]).toEqual([answer.headers.get('x-aos-decision'), answer.status]);
      expect(said(explained.policies.flatMap((of) => of.controls))).toEqual(said(decision.contributions));
      expect(explained.deciding?.control_id ?? null).toBe(decision.control_id);
      const stored = await explain({ decision_id: decision.id });
      expect(stored).toMatchObject({
        kind: 'stored',
        decision_id: decision.id,
        verdict: decision.verdict,
        status: answer.status,
        policy_snapshot_id: decision.policy_snapshot_id,
      });
      const matched = (of: Explanation) => of.policies.filter((one) => one.matched).map((one) => one.policy_id);
      expect(matched(stored).sort()).toEqual(matched(explained).sort());
      expect(stored.summary.replace(/^The call was/, 'The call would be')).toBe(
        explained.summary.replace(/^The call would pass/, 'The call passed'),
      );
    }
    expect([...verdicts].sort()).toEqual(['block', 'continue', 'warn']);
  });

  test('of another key is decided as for that key, and never beyond the reach of the one that asks', async () => {
    const key = await makeKey(gateway.admin, { name: 'other', role: 'service' });
    const policy = await makePolicy(gateway.admin, {
      name: 'for a key',
      target: { kind: 'api_key', ids: [key.id] },
      controls: [{ rule: { type: 'model_access', params: { deny: ['mock-small'] } }, action: 'block' }],
    });
    const own = await explain({ model: 'mock-small' });
    expect(own.policies.find((of) => of.policy_id === policy.id)?.matched).toBe(false);
    const theirs = await explain({ model: 'mock-small', api_key: key.id });
    expect(theirs).toMatchObject({ verdict: 'block', status: 403, code: 'model_not_allowed' });
    await gateway.admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason: 'a test' });
    expect((await explain({ model: 'mock-small', api_key: key.id })).notes[0]).toContain('revoked or has expired');
  });

  test('that cannot be read is refused with what is wrong about it', async () => {
    const refused = async (asked: object) => {
      const { status, body } = await gateway.admin.post<{ error: { message: string } }>(
        '/api/v1/policies/explain',
        asked,
      );
      return `${status} ${body.error.message}`;
    };
    expect(await refused({})).toContain('400 The body cannot be read: model is missing');
    expect(await refused({ model: 'no-such-model' })).toContain('404 The model "no-such-model" cannot be called');
    expect(await refused({ decision_id: `dec_${'0'.repeat(26)}` })).toContain('404 There is no decision');
    expect(await refused({ decision_id: `dec_${'0'.repeat(26)}`, model: 'x' })).toContain('model does not go with');
    expect(await refused({ model: 'mock-small', run_id: `run_${'0'.repeat(26)}` })).toContain(
      'run_id: there is no run',
    );
    expect(await refused({ model: 'mock-small', agnt: 'x' })).toContain('did you mean "agent"');
  });
});
