import type { ExemptionObject, OverrideObject } from '@aos/core/api/exceptions.ts';
import type { Explanation } from '@aos/core/api/explain.ts';
import type { LimitObject } from '@aos/core/api/limits.ts';
import type { PolicyObject } from '@aos/core/api/policies.ts';
import type { DecisionObject } from '@aos/core/policies/decision-object.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Installation, openInstallation } from '../../tools/campaigns/parts/installation.ts';
import { type Api, api, expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { beforeItEnds } from '../parts/ending.ts';

/** Two processes on one database: what is changed at one is asked at the other right after. */
let at: Installation;
let here: Api;
let there: Api;
beforeAll(async () => {
  at = await openInstallation({ database: 'postgres', processes: 2 });
  [here, there] = at.servers.map((server) => api(server)) as [Api, Api];
});
afterAll(() => at?.stop());

const day = { per: 'day' };
const three = (more: object = {}) => ({ type: 'requests', max: 3, window: day, ...more });

async function limited(agent: string, limit: object, more: object = {}) {
  const document = {
    name: `for ${agent}`,
    target: { kind: 'agent', ids: [agent] },
    controls: [{ limit, action: 'block' }],
  };
  const policy = (await makePolicy(here, { ...document, ...more })) as unknown as PolicyObject;
  return { policy, control_id: policy.controls[0]?.id ?? '' };
}

const call = (agent: string, more: object = {}) =>
  there.post(
    '/v1/chat/completions',
    { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 },
    { headers: { 'x-aos-agent-id': agent, ...more } },
  );
const statuses = async (agent: string, count: number, more: object = {}): Promise<number[]> => {
  const found = [];
  for (let n = 0; n < count; n++) found.push((await call(agent, more)).status);
  return found;
};
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
const override = (policy_id: string, body: object) =>
  here.post<OverrideObject>(`/api/v1/policies/${policy_id}/overrides`, { reason: 'a launch', hours: 1, ...body });
const refusal = async (policy_id: string, body: object): Promise<string> => {
  const { status, text } = await override(policy_id, body);
  return `${status} ${(JSON.parse(text) as { error?: { message: string } }).error?.message}`;
};

describe('an override', () => {
  test('raises one limit at once on every replica, is seen wherever the limit is, and ends as fast', async () => {
    const { policy, control_id } = await limited('raised', three());
    expect(await statuses('raised', 4)).toEqual([200, 200, 200, 402]);
    const made = expectStatus(201, await override(policy.id, { control_id, amount: 2 }));
    expect(made).toMatchObject({ base_cap: 3, raised_cap: 5, unit: 'calls', state: 'in_force', subject: null });
    // Whoever asks the ledger about the policy is told of its limits and of what it refused.
    const { body } = await here.get<{ items: { event: string }[] }>(`/api/v1/logs/audit?policy=${policy.id}`);
    const events = body.items.map(({ event }) => event);
    for (const event of ['POLICY_CREATED', 'POLICY_ACTIVATED', 'LIMIT_OVERRIDDEN', 'LIMIT_BREACHED'])
      expect(events).toContain(event);
    expect(made.sentence).toMatch(
      /^The limit on requests of 3 in one day \(UTC\) is raised to 5 until \d{4}-.* UTC\.$/,
    );
    expect(await statuses('raised', 3)).toEqual([200, 200, 402]);

    const state = expectStatus(200, await there.get<LimitObject>(`/api/v1/limits/${control_id}/state`));
    expect(state).toMatchObject({ cap: 5, base_cap: 3, posted: 5, remaining: 0, override: { id: made.id } });
    const { id } = (await there.get<{ items: { id: string }[] }>('/api/v1/runs')).body.items[0] ?? { id: '' };
    const { items } = (await there.get<{ items: DecisionObject[] }>(`/api/v1/runs/${id}/decisions`)).body;
    expect(items[0]?.contributions[0]).toMatchObject({
      limit: 5,
      raised: { override_id: made.id, base_limit: 3 },
      reason: expect.stringContaining(`of 5 calls (raised from 3 until ${made.expires_at} by ${made.id}), 1 asked`),
    });
    const explained = await here.post<Explanation>('/api/v1/policies/explain', {
      agent: 'raised',
      model: 'mock-small',
    });
    expect(explained.body.deciding).toMatchObject({ limit: 5, raised: { override_id: made.id } });
    const shown = expectStatus(200, await there.get<PolicyObject>(`/api/v1/policies/${policy.id}`));
    expect(shown.sentence).toMatch(/once requests would exceed 3 \(raised to 5 until .* UTC\) in one day/);

    const violations = () => at.sql('select id from violations where control_id = $1 order by id', [control_id]);
    const before = await violations();
    expect(before.length).toBe(2);
    const ended = expectStatus(
      200,
      await here.post<OverrideObject>(`/api/v1/overrides/${made.id}/end`, { reason: 'over' }),
    );
    expect(ended).toMatchObject({ state: 'ended', end_reason: 'over' });
    expect((await there.get<LimitObject>(`/api/v1/limits/${control_id}/state`)).body).toMatchObject({
      cap: 3,
      posted: 5,
      override: null,
    });
    expect(await statuses('raised', 1)).toEqual([402]);
    expect((await violations()).slice(0, 2)).toEqual(before);
    expect((await here.post(`/api/v1/overrides/${made.id}/end`, { reason: 'over' })).status).toBe(409);
    const told = await at.sql<{ event: string; reason: string }>(
      'select event, reason from audit_ledger where object_id = $1 order by id',
      [control_id],
    );
    expect(told.slice(-2)).toEqual([
      { event: 'LIMIT_OVERRIDDEN', reason: 'a launch' },
      { event: 'LIMIT_OVERRIDE_ENDED', reason: 'over' },
    ]);
  });

  test('of one subject leaves the others as they are, by id or by slug', async () => {
    const limit = three({ count_per: 'actor' });
    const { policy, control_id } = await limited('shared', limit);
    const as = (actor: string) => ({ 'x-aos-actor-id': actor });
    expect(await statuses('shared', 4, as('ann'))).toEqual([200, 200, 200, 402]);
    expect(await statuses('shared', 4, as('ben'))).toEqual([200, 200, 200, 402]);
    const made = expectStatus(201, await override(policy.id, { control_id, factor: '1.5', subject: 'ann' }));
    expect(made).toMatchObject({ subject: expect.stringMatching(/^act_/), raised_cap: 4, factor: '1.5' });
    expect(await statuses('shared', 2, as('ann'))).toEqual([200, 402]);
    expect(await statuses('shared', 1, as('ben'))).toEqual([402]);
    const { items } = (await here.get<LimitObject>(`/api/v1/limits/${control_id}/state`)).body;
    expect(items.map(({ cap, posted }) => [cap, posted]).sort()).toEqual([
      [3, 3],
      [4, 4],
    ]);
  });

  test('expires by time itself, and leaves its mark and its ledger entry afterwards', async () => {
    const { agent, policy, control_id, made } = await beforeItEnds(async (expires_at) => {
      const name = `brief-${expires_at.slice(-13, -5).replaceAll(':', '-')}`;
      const of = await limited(name, three());
      expect(await statuses(name, 4)).toEqual([200, 200, 200, 402]);
      const brief = { control_id: of.control_id, amount: 100, hours: undefined, expires_at };
      const answer = await override(of.policy.id, brief);
      expect(await statuses(name, 2)).toEqual([200, 200]);
      return { agent: name, ...of, made: expectStatus(201, answer) };
    });
    expect(await statuses(agent, 1)).toEqual([402]);
    const listed = await here.get<{ items: OverrideObject[] }>(`/api/v1/policies/${policy.id}/overrides`);
    expect(listed.body.items).toMatchObject([{ id: made.id, state: 'expired' }]);
    const events = () =>
      at.sql<{ n: string }>(
        "select count(*) as n from audit_ledger where event = 'LIMIT_OVERRIDE_EXPIRED' and object_id = $1",
        [control_id],
      );
    await waitFor(async () => (await events())[0]?.n === '1', { what: 'the ledger entry' });
    expect(
      await at.sql('select ended_at = expires_at as marked, ended_by from policy_overrides where id = $1', [made.id]),
    ).toEqual([{ marked: true, ended_by: null }]);
    expect(await statuses(agent, 1)).toEqual([402]);
  });

  test('lasts to the millisecond as long as one may, of a single balance too', async () => {
    const { policy, control_id } = await limited('longest', three({ count_per: 'agent' }));
    await call('longest');
    for (let n = 1; n <= 12; n++) {
      const body = { control_id, subject: 'longest', amount: n, hours: 168 };
      const { created_at, expires_at } = expectStatus(201, await override(policy.id, body));
      expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(168 * 3_600_000);
    }
  });

  test('that cannot do what it says is refused with the reason', async () => {
    const { policy, control_id } = await limited('wrong', three());
    const rule = { rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'block' };
    const ruled = (await makePolicy(here, {
      name: 'r',
      target: { kind: 'all_runs' },
      controls: [rule],
    })) as unknown as PolicyObject;
    expect(await refusal(policy.id, { control_id })).toContain(
      '400 The body cannot be read: amount or factor is needed',
    );
    expect(await refusal(policy.id, { control_id, amount: 1, factor: 2 })).toContain('one of the two');
    expect(await refusal(policy.id, { control_id, amount: 0 })).toContain('amount must be more than 0');
    expect(await refusal(policy.id, { control_id, amount: 1.5 })).toContain('400 The body cannot be read: amount');
    expect(await refusal(policy.id, { control_id, factor: 1.1 })).toContain('factor leaves the limit at 3 calls');
    expect(await refusal(policy.id, { control_id, amount: 10 ** 9 })).toContain('beyond what it can be');
    expect(await refusal(policy.id, { control_id, amount: 1, hours: 169 })).toContain('hours must be at most 168');
    expect(
      await refusal(policy.id, { control_id, amount: 1, hours: undefined, expires_at: soon(8 * 86_400_000) }),
    ).toContain('at most 168 hours from now');
    expect(
      await refusal(policy.id, { control_id, amount: 1, hours: undefined, expires_at: '2020-01-01T00:00:00.000Z' }),
    ).toContain('is not in the future');
    expect(await refusal(policy.id, { control_id, amount: 1, subject: 'ann' })).toContain('counted together');
    expect(await refusal(policy.id, { control_id, amount: 1, reason: undefined })).toContain('reason is missing');
    expect(await refusal(policy.id, { control_id: ruled.controls[0]?.id, amount: 1 })).toContain(
      `its limits are ${control_id} (requests)`,
    );
    expect(await refusal(ruled.id, { control_id: ruled.controls[0]?.id, amount: 1 })).toContain(
      'is a rule, which has no amount to raise',
    );
    await here.post(`/api/v1/policies/${ruled.id}/retire`, { reason: 'a test' });
    expect(await refusal(ruled.id, { control_id, amount: 1 })).toContain('409 Policy');
  });
});

describe('an exemption', () => {
  test('takes its subject out of one policy at once on every replica, for a time', async () => {
    const { policy } = await limited('tested', { ...three(), max: 0 });
    const also = {
      name: 'all',
      target: { kind: 'agent', ids: ['tested', 'other'] },
      controls: [{ limit: { ...three(), max: 2 }, action: 'block' }],
    };
    await makePolicy(here, also);
    expect(await statuses('tested', 1)).toEqual([402]);
    const body = { kind: 'agent', id: 'tested', hours: 2, reason: 'a load test' };
    const made = expectStatus(201, await here.post<ExemptionObject>(`/api/v1/policies/${policy.id}/exemptions`, body));
    expect(made).toMatchObject({ state: 'in_force', kind: 'agent', target_id: 'tested', policy_name: 'for tested' });
    expect(await statuses('tested', 3)).toEqual([200, 200, 402]);
    const explained = await here.post<Explanation>('/api/v1/policies/explain', {
      agent: 'tested',
      model: 'mock-small',
    });
    expect(explained.body.policies.find((of) => of.policy_id === policy.id)).toMatchObject({
      matched: false,
      why: `the agent tested is exempt from it until ${made.expires_at} (${made.id})`,
    });
    expect((await there.get<PolicyObject>(`/api/v1/policies/${policy.id}`)).body.sentence).toMatch(
      /^Calls of agent tested \(except agent tested until .* UTC\) are refused/,
    );
    expectStatus(200, await here.post(`/api/v1/exemptions/${made.id}/end`, { reason: 'done' }));
    expect((await call('tested')).headers.get('x-aos-policies')).toContain(policy.id);
    const events = await at.sql(
      "select event from audit_ledger where object_id = $1 and event like 'POLICY_EXEMPT%' order by id",
      [policy.id],
    );
    expect(events).toEqual([{ event: 'POLICY_EXEMPTED' }, { event: 'POLICY_EXEMPTION_ENDED' }]);
  });

  test('of a key holds for its lineage, and of an unknown key is refused', async () => {
    const { policy } = await limited('keyed', { ...three(), max: 0 });
    const { items } = (await here.get<{ items: { id: string }[] }>('/api/v1/api-keys')).body;
    const body = { kind: 'api_key', id: items[0]?.id, hours: 1, reason: 'a test' };
    expectStatus(201, await here.post(`/api/v1/policies/${policy.id}/exemptions`, body));
    expect(await statuses('keyed', 1)).toEqual([200]);
    const unknown = await here.post(`/api/v1/policies/${policy.id}/exemptions`, { ...body, id: 'key_nobody' });
    expect([unknown.status, unknown.text]).toEqual([400, expect.stringContaining('which does not exist')]);
  });
});

test('a policy expires by time itself, and is disabled afterwards', async () => {
  const policy = await beforeItEnds(async (expires_at) => {
    const made = await limited('expiring', { ...three(), max: 0 }, { expires_at });
    expect(await statuses('expiring', 1)).toEqual([402]);
    return made.policy;
  });
  expect(await statuses('expiring', 1)).toEqual([200]);
  const shown = async () => (await here.get<PolicyObject>(`/api/v1/policies/${policy.id}`)).body;
  await waitFor(async () => (await shown()).status === 'disabled', {
    what: 'the policy is disabled',
  });
  // The job has looked at least twice since the override ended: each end is told of once.
  const told = await at.sql<{ event: string; object_id: string; n: number }>(
    `select event, object_id, count(*)::int as n from audit_ledger
      where event in ('POLICY_EXPIRED', 'LIMIT_OVERRIDE_EXPIRED') group by 1, 2`,
  );
  expect(told.filter(({ n }) => n !== 1)).toEqual([]);
  expect(told.map(({ event }) => event)).toContain('LIMIT_OVERRIDE_EXPIRED');
  expect(told.map(({ object_id }) => object_id)).toContain(policy.id);
});

test('a policy starts by time itself, at every process, and calls under way are looked at again', async () => {
  const target = { kind: 'agent', ids: ['starting'] };
  const rule = { rule: { type: 'model_access', params: { deny: ['mock-small', 'mock-slow'] } }, action: 'block' };
  const state = async (id: string) => (await there.get<LimitObject>(`/api/v1/limits/${id}/state`)).body.enforced;
  const long = there.post(
    '/v1/chat/completions',
    { model: 'mock-slow', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 4_000, stream: true },
    { headers: { 'x-aos-agent-id': 'starting' } },
  );
  const { policy, control_id, why } = await beforeItEnds(async (start_at) => {
    const controls = [rule, { limit: { ...three(), max: 0 }, action: 'block' }];
    const made = await makePolicy(here, { name: `from ${start_at}`, target, controls, start_at });
    const [, limit] = made.controls as [object, { id: string }];
    expect(await statuses('starting', 1)).toEqual([200]);
    expect(await state(limit.id)).toBe(false);
    const asked = { agent: 'starting', model: 'mock-small' };
    const explained = expectStatus(200, await here.post<Explanation>('/api/v1/policies/explain', asked));
    const looked = explained.policies.find(({ policy_id }) => policy_id === made.id);
    return { policy: made, control_id: limit.id, why: { start_at, looked } };
  });
  expect(why.looked).toMatchObject({ status: 'active', matched: false, why: `not yet: it starts at ${why.start_at}` });
  const both = await Promise.all([here, there].map((one) => one.post('/v1/chat/completions', ...slip)));
  expect(both.map(({ status }) => status)).toEqual([403, 403]);
  expect(await state(control_id)).toBe(true);
  expect((await long).text).toContain('model_not_allowed');
  const noted = () =>
    at.sql<{ n: number }>(
      `select count(*)::int as n from audit_ledger where event = 'POLICY_STARTED' and object_id = $1`,
      [policy.id],
    );
  await waitFor(async () => (await noted())[0]?.n === 1, { what: 'the note of its start' });
  const { body } = await here.get<PolicyObject>(`/api/v1/policies/${policy.id}`);
  expect(body).toMatchObject({ status: 'active', version: policy.version, start_at: why.start_at });
});

const slip = [
  { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 },
  { headers: { 'x-aos-agent-id': 'starting' } },
] as const;
