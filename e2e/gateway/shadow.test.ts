import { actions } from '@aos/core/policies/action.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, limitAgent, say, startGateway, wire_names, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

/** What names one call or one instant, and the one header that tells of shadow policies. */
const of_one_call = [
  'date',
  'x-request-id',
  'request-id',
  'x-aos-run-id',
  'x-aos-decision-id',
  'x-aos-provider-request-id',
  'x-aos-shadow',
];
const ids = /\b(?:chatcmpl|resp|msg|rs|run|dec|stp|req)[-_][\w-]+|"created(?:_at)?":\d+(?:\.\d+)?/g;

/** The whole answer but for ids: status, headers in their order, the bytes of the body. */
async function answerTo(wire: (typeof wire_names)[number], streamed: boolean) {
  const { path, body } = wires[wire];
  const directive = { output_tokens: 12, text: 'the same' };
  const answer = await fetch(`${gateway.server.url}${path}`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json' },
      'x-aos-agent-id': 'watched',
    },
    body: JSON.stringify(body(directive, streamed ? { stream: true } : {})),
  });
  const text = await answer.text();
  const headers = [...answer.headers].filter(([name]) => !of_one_call.includes(name));
  return {
    shadow: answer.headers.get('x-aos-shadow'),
    whole: { status: answer.status, headers, body: text.replace(ids, 'ID') },
  };
}

describe('a shadow policy', () => {
  it.each(actions)('that would %s changes no byte of any answer', async (action) => {
    const plain = [];
    for (const wire of wire_names)
      for (const streamed of [false, true]) plain.push((await answerTo(wire, streamed)).whole);
    const day = { per: 'day', timezone: 'UTC' };
    const { id } = await makePolicy(gateway.admin, {
      name: `would ${action}`,
      target: { kind: 'agent', ids: ['watched'] },
      mode: 'shadow',
      controls: [
        { limit: { type: 'requests', max: 0, window: day }, action },
        { limit: { type: 'cost_usd', max: '0.000000001', window: day }, action },
        { limit: { type: 'tokens_output', max: 1, window: { per: 'run' } }, action },
        { limit: { type: 'duration', max: 1 }, action },
        { rule: { type: 'model_access', params: { deny: ['*'] } }, action },
      ],
    });
    const shadowed = [];
    for (const wire of wire_names)
      for (const streamed of [false, true]) {
        const { shadow, whole } = await answerTo(wire, streamed);
        expect(shadow).toBe(action === 'continue' ? null : action);
        shadowed.push(whole);
      }
    expect(shadowed).toEqual(plain);
    await gateway.untilSettled();
    const [seen] = await gateway.rows<{ violations: string }>(
      'select count(*) as violations from violations where policy_id = $1',
      [id],
    );
    expect(Number(seen?.violations)).toBeGreaterThan(0);
    expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/retire`, { reason: 'the next action' }));
  });
});

interface Hit {
  decision_id: string;
  run_id: string;
  judgment: { verdict: string; judged_by: string } | null;
}

/** A call of this agent, with its decision. */
async function callAs(agent: string, more: object = {}) {
  const headers = { 'x-aos-agent-id': agent };
  const body = { model: 'gpt-4o-mini', messages: say(), ...more };
  return gateway.admin.post('/v1/chat/completions', body, { headers });
}

describe('what a shadow policy would have stopped', () => {
  const day = { per: 'day', timezone: 'UTC' };
  const atMost = (max: number) => ({ limit: { type: 'requests', max, window: day }, action: 'block' });

  it('is told with what it looked at, judged by people, and counted until the policy says something else', async () => {
    const { admin } = gateway;
    await callAs('judged');
    const { id } = await limitAgent(gateway, 'judged', atMost(3), { mode: 'shadow' });
    const other = await limitAgent(gateway, 'judged', atMost(0), { mode: 'shadow', name: 'stricter' });
    const state = async (more = '') =>
      expectStatus(200, await admin.get<object>(`/api/v1/policies/${id}/shadow${more}`));
    const hits = async (query = '') =>
      expectStatus(
        200,
        await admin.get<{ items: Hit[]; total: number; next_cursor: string | null }>(
          `/api/v1/policies/${id}/shadow/hits${query}`,
        ),
      );
    expect(await state()).toMatchObject({
      evaluated: 0,
      evaluated_is_exact: true,
      would_stop: 0,
      would_stop_share: null,
    });
    for (let n = 0; n < 5; n++) expectStatus(200, await callAs('judged'));
    expectStatus(200, await callAs('another'));
    const stop = await limitAgent(gateway, 'judged', {
      rule: { type: 'model_access', params: { deny: ['gpt-4o'] } },
      action: 'block',
    });
    expectStatus(403, await callAs('judged', { model: 'gpt-4o' }));
    expectStatus(200, await admin.post(`/api/v1/policies/${stop.id}/retire`, { reason: 'no longer needed' }));
    await gateway.untilSettled();
    expect(await state()).toMatchObject({
      decided_p95_ms: expect.any(Number),
      ...{ evaluated: 6, evaluated_is_exact: true, would_stop: 3, would_stop_share: 0.5, right: 0, wrong: 0 },
      doubts: [expect.stringContaining('less than 24 hours'), expect.stringContaining('6 calls only')],
    });

    const { items, total } = await hits();
    expect(total).toBe(3);
    expect(items).toMatchObject([1, 2, 3].map(() => ({ agent_slug: 'judged', action: 'block', judgment: null })));
    const first_page = await hits('?limit=2');
    expect(first_page.items).toEqual(items.slice(0, 2));
    expect((await hits(`?limit=2&cursor=${first_page.next_cursor}`)).items).toEqual(items.slice(2));

    const [first, second] = items as [Hit, Hit];
    const path = `/api/v1/policies/${id}/shadow/judgments`;
    const [author, operator, viewer] = await Promise.all(
      ['policy_author', 'operator', 'viewer'].map((role) => makeKey(admin, { role })),
    );
    const judge = (key: { secret: string } | undefined, of: Hit, verdict: string, at = path) =>
      api(gateway.server, key?.secret).post<Hit>(at, { decision_id: of.decision_id, verdict });
    expectStatus(403, await judge(viewer, first, 'wrong'));
    expect(expectStatus(200, await judge(author, first, 'wrong'))).toMatchObject({
      judgment: { verdict: 'wrong', judged_by: author?.id },
    });
    expectStatus(200, await judge(operator, second, 'wrong'));
    expectStatus(200, await judge(operator, first, 'right'));
    expect((await hits()).items).toMatchObject([
      { judgment: { verdict: 'right', judged_by: operator?.id } },
      { judgment: { verdict: 'wrong', judged_by: operator?.id } },
      { judgment: null },
    ]);
    expect(await state()).toMatchObject({
      right: 1,
      wrong: 1,
      doubts: expect.arrayContaining([expect.stringContaining('marked wrong')]),
    });
    const entries = await gateway.rows(
      "select actor_id, object_id, run_id, before, after from audit_ledger where event = 'POLICY_JUDGED' order by id",
    );
    const of = (decision_id: string, verdict: string) => ({ decision_id, verdict });
    expect(entries).toMatchObject([
      {
        actor_id: author?.id,
        object_id: id,
        run_id: first.run_id,
        before: null,
        after: of(first.decision_id, 'wrong'),
      },
      { actor_id: operator?.id, before: null, after: of(second.decision_id, 'wrong') },
      { actor_id: operator?.id, before: of(first.decision_id, 'wrong'), after: of(first.decision_id, 'right') },
    ]);
    const strange = `/api/v1/policies/${stop.id}/shadow/judgments`;
    expectStatus(404, await judge(operator, first, 'right', strange));

    const edited = { name: 'for judged', mode: 'shadow', target: { kind: 'agent', ids: ['judged'] } };
    const renamed = { ...edited, name: 'a new name', controls: [atMost(3)], reason: 'a new name' };
    expectStatus(200, await admin.put(`/api/v1/policies/${id}`, renamed));
    expect(await state()).toMatchObject({ would_stop: 3 });
    expectStatus(
      200,
      await admin.put(`/api/v1/policies/${id}`, { ...edited, controls: [atMost(30)], reason: 'too strict' }),
    );
    expect(await state()).toMatchObject({ evaluated: 0, would_stop: 0, wrong: 0 });
    expectStatus(200, await admin.post(`/api/v1/policies/${id}/activate`, { mode: 'enforce', reason: 'it is right' }));
    expect(await state()).toMatchObject({ since: null, evaluated: null, doubts: [] });
    expect((await hits()).items).toEqual([]);
    expectStatus(200, await admin.post(`/api/v1/policies/${other.id}/retire`, { reason: 'the end' }));
  });

  it('counts the calls that its target takes and no other, however it is narrowed', async () => {
    const { admin } = gateway;
    const controls = [atMost(100)];
    const narrowed = {
      except: { kind: 'project', ids: ['default'], except_ids: ['left-out'] },
      model: { kind: 'all_runs', when: { model: ['openai/gpt-4o-m*', 'none'] } },
      provider: { kind: 'all_runs', when: { provider: ['anthropic'] } },
      tag: { kind: 'agent', ids: ['taken', 'left-out'], when: { tag: ['team=search', 'urgent'] } },
      tool: { kind: 'all_runs', when: { tool: ['search'] } },
      person: { kind: 'actor', ids: ['ana'] },
    };
    const ids = new Map<string, string>();
    for (const [name, target] of Object.entries(narrowed)) {
      const { id } = await makePolicy(admin, { name: `narrowed by ${name}`, mode: 'shadow', target, controls });
      ids.set(name, id);
    }
    const call = (headers: Record<string, string>, model = 'gpt-4o-mini') =>
      admin.post('/v1/chat/completions', { model, messages: say() }, { headers });
    expectStatus(200, await call({ 'x-aos-agent-id': 'taken', 'x-aos-tags': 'team=search' }));
    expectStatus(200, await call({ 'x-aos-agent-id': 'taken', 'x-aos-tags': 'team=sales' }, 'gpt-4o'));
    expectStatus(200, await call({ 'x-aos-agent-id': 'left-out', 'x-aos-tags': 'urgent=1', 'x-aos-actor-id': 'ana' }));
    await gateway.untilSettled();
    const evaluated = async (name: string) => {
      const { body } = await admin.get<{ evaluated: number | null }>(`/api/v1/policies/${ids.get(name)}/shadow`);
      return [name, body.evaluated] as const;
    };
    expect(Object.fromEntries(await Promise.all([...ids.keys()].map(evaluated)))).toEqual({
      ...{ except: 2, model: 2, provider: 0, tag: 2, tool: null, person: 1 },
    });
  });
});
