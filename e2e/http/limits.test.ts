import type { LimitObject } from '@aos/core/api/limits.ts';
import type { PolicyObject } from '@aos/core/api/policies.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { limit_schema } from '@aos/core/policies/limits/index.ts';
import { balanceOf } from '@aos/core/policies/reserve.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { admit } from '@aos/server/store/admission.ts';
import { controlEpoch } from '@aos/server/store/tenants.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, expectStatus } from '../parts/client.ts';
import { settleHold } from '../parts/store.ts';
import { openPolicyApp, type PolicyApp } from './policy-app.ts';

interface List {
  items: LimitObject[];
  next_cursor: string | null;
  total: number | null;
}

let app: PolicyApp;
let admin: Api;
beforeAll(async () => {
  app = await openPolicyApp('postgres');
  admin = await app.client();
});
afterAll(() => app?.drop());

/** An active policy with these limits; gives the ids of its controls. */
async function policyWith(limits: object[], more: { action?: string; mode?: string } = {}): Promise<PolicyObject> {
  const controls = limits.map((limit) => ({ limit, action: more.action ?? 'block' }));
  const document = { name: 'Limits', target: { kind: 'all_runs' }, mode: more.mode ?? 'enforce', controls };
  const { id } = expectStatus(201, await admin.post<PolicyObject>('/api/v1/policies', document));
  return expectStatus(200, await admin.post<PolicyObject>(`/api/v1/policies/${id}/activate`, { reason: 'a test' }));
}

const controlOf = (policy: PolicyObject, n = 0): string => policy.controls[n]?.id ?? '';
const state = async (control_id: string, query = ''): Promise<LimitObject> =>
  expectStatus(200, await admin.get<LimitObject>(`/api/v1/limits/${control_id}/state${query}`));

/** Goes through the books as a call does: holds an amount, and posts what was used when that is given. */
async function call(
  control_id: string,
  document: object,
  at: string,
  held: bigint,
  used?: bigint,
  ids: { run?: string; agent?: string } = {},
) {
  const limit = limit_schema.parse(document);
  const agent = ids.agent === undefined ? null : { id: ids.agent, slug: ids.agent };
  const run_id = ids.run ?? makeId('run');
  const asker = {
    tenant_id: app.tenant_id,
    project: { id: 'prj', slug: 'web' },
    api_key: { id: 'key', lineage_id: 'key' },
    agent,
    actor: null,
    session: null,
    run_id,
  };
  const at_ms = epochMs(at);
  const { key } = balanceOf(control_id, limit, asker, at_ms);
  const id = makeId('record');
  await app.db.tenant(app.tenant_id, async (tx) => {
    const control_epoch = (await controlEpoch(tx, app.tenant_id)) ?? '';
    const line = { key, cap: null, base: held, rate: 0n, scale: 1 };
    const ask = {
      id,
      run_id,
      run_must_exist: false,
      take: true,
      output_tokens: { wanted: 0, floor: 0 },
      lines: [line],
      call: {},
    };
    const [admission] = await admit(tx, { control_epoch, instance_id: 'ins', at_ms, asks: [ask] });
    expect(admission?.outcome).toBe('admitted');
    if (used !== undefined) await settleHold(tx, id, () => used);
  });
}

describe('the state of a limit', () => {
  test('counted together is one number, the one the books have: nothing at first, then what is posted and pending', async () => {
    const limit = { type: 'cost_usd', max: '10.00', window: { per: 'day' } };
    const policy = await policyWith([limit]);
    const id = controlOf(policy);
    app.setClock('2026-11-22T12:00:00.000Z');
    expect(await state(id)).toMatchObject({
      id,
      policy_id: policy.id,
      policy_name: 'Limits',
      status: 'active',
      mode: 'enforce',
      action: 'block',
      enforced: true,
      type: 'cost_usd',
      unit: 'usd',
      count_per: 'together',
      limit: { max: '10.000000000' },
      cap: '10.000000000',
      posted: '0.000000000',
      pending: '0.000000000',
      remaining: '10.000000000',
      subject: '*',
      burn: '0.000000000',
      resets_at: '2026-11-23T00:00:00.000Z',
      empties_at: null,
      next_cursor: null,
      url: `https://aos.test/policies/${policy.id}`,
    });
    await call(id, limit, '2026-11-21T23:59:59.999Z', 5_000_000_000n, 5_000_000_000n);
    await call(id, limit, '2026-11-22T00:00:00.000Z', 6_000_000_000n, 4_000_000_000n);
    await call(id, limit, '2026-11-22T11:00:00.000Z', 2_000_000_000n);
    const now = await state(id);
    expect(now).toMatchObject({
      posted: '4.000000000',
      pending: '2.000000000',
      remaining: '4.000000000',
      burn: '0.008333333',
      empties_at: '2026-11-22T20:00:00.000Z',
      window: { start: '2026-11-22T00:00:00.000Z', end: '2026-11-23T00:00:00.000Z' },
    });
    expect(now.items).toEqual([
      expect.objectContaining({ subject: '*', posted: '4.000000000', pending: '2.000000000' }),
    ]);
    app.setClock('2026-11-23T00:00:00.000Z');
    expect(await state(id)).toMatchObject({ posted: '0.000000000', remaining: '10.000000000' });
    app.setClock(null);
  });

  test('over a rolling window is the sum of the buckets that still count, without the row that is only a lock', async () => {
    const limit = { type: 'requests', max: 100, window: { rolling_seconds: 600 } };
    const id = controlOf(await policyWith([limit]));
    for (const at of [
      '2026-11-22T11:49:00.000Z',
      '2026-11-22T11:51:00.000Z',
      '2026-11-22T11:59:00.000Z',
      '2026-11-22T11:59:01.000Z',
    ]) {
      await call(id, limit, at, 1n, 1n);
    }
    await call(id, limit, '2026-11-22T11:59:02.000Z', 1n);
    app.setClock('2026-11-22T12:00:00.000Z');
    expect(await state(id)).toMatchObject({
      posted: 3,
      pending: 1,
      remaining: 96,
      burn: 0.4,
      resets_at: null,
      items: [{ subject: '*' }],
    });
    app.setClock('2026-11-22T12:30:00.000Z');
    expect(await state(id)).toMatchObject({ posted: 0, pending: 0 });
    app.setClock(null);
  });

  test('of calls in flight has no window, and is empty again when they end', async () => {
    const limit = { type: 'concurrency', max: 4 };
    const id = controlOf(await policyWith([limit]));
    const at = new Date().toISOString();
    await call(id, limit, at, 1n);
    await call(id, limit, at, 1n, 0n);
    expect(await state(id)).toMatchObject({
      posted: 0,
      pending: 1,
      remaining: 3,
      unit: 'calls',
      burn: null,
      window: { start: null, end: null },
    });
  });

  test('counted for each agent has one item each, in pages with the fullest first, and one alone when asked for', async () => {
    const limit = { type: 'tokens_total', max: 1000, window: { per: 'month' }, count_per: 'agent' };
    const id = controlOf(await policyWith([limit]));
    const agents = Array.from({ length: 5 }, () => makeId('agent'));
    const at = new Date().toISOString();
    for (const [n, agent] of agents.entries()) await call(id, limit, at, 100n, BigInt(n), { agent });
    const all = await state(id);
    expect(all).toMatchObject({
      subject: null,
      posted: null,
      pending: null,
      remaining: null,
      cap: 1000,
      unit: 'tokens',
    });
    expect(all.items.map(({ subject, posted }) => [subject, posted]).sort()).toEqual(
      agents.map((agent, n) => [agent, n]).sort(),
    );
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: LimitObject = await state(id, cursor === '' ? '?limit=2' : `?limit=2&cursor=${cursor}`);
      seen.push(...page.items.map(({ subject }) => subject));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([...agents].reverse());
    expect((await admin.get(`/api/v1/limits/${id}/state?cursor=${agents[0]}`)).status).toBe(400);
    expect((await state(id, `?subject=${agents[3]}`)).items).toMatchObject([
      { subject: agents[3], posted: 3, remaining: 997 },
    ]);
    expect((await state(id, '?subject=nobody')).items).toEqual([]);
  });

  test('counted for more agents than a list shows is listed with the fullest of them', async () => {
    const limit = { type: 'tokens_total', max: 1000, window: { per: 'month' }, count_per: 'agent' };
    const policy = await policyWith([limit]);
    const agents = Array.from({ length: 12 }, () => makeId('agent')).sort();
    const at = new Date().toISOString();
    for (const [n, agent] of agents.entries())
      await call(controlOf(policy), limit, at, 1000n, n === 0 ? 900n : BigInt(n), { agent });
    const { items } = expectStatus(200, await admin.get<List>(`/api/v1/limits?policy_id=${policy.id}`));
    expect(items[0]?.items).toHaveLength(10);
    expect(items[0]?.items[0]).toMatchObject({ subject: agents[0], posted: 900 });
    expect(items[0]?.next_cursor).not.toBeNull();
  });

  test('for each run has one item for each run, newest first, and no end', async () => {
    const limit = { type: 'tokens_total', max: 1000, window: { per: 'run' } };
    const id = controlOf(await policyWith([limit]));
    const [first, second] = [makeId('run'), makeId('run')];
    await call(id, limit, new Date().toISOString(), 100n, 70n, { run: first });
    await call(id, limit, new Date().toISOString(), 100n, 1000n, { run: second });
    const { items, posted } = await state(id);
    expect(posted).toBeNull();
    expect(items).toMatchObject([
      { subject: second, posted: 1000, remaining: 0, resets_at: null },
      { subject: first, posted: 70, remaining: 930, empties_at: null },
    ]);
  });

  test('keeps what was spent when the cap is raised, and shows the new cap', async () => {
    const limit = { type: 'tokens_total', max: 100, window: { per: 'day' } };
    const policy = await policyWith([limit]);
    const id = controlOf(policy);
    await call(id, limit, new Date().toISOString(), 80n, 80n);
    const raised = {
      name: 'Limits',
      target: { kind: 'all_runs' },
      controls: [{ limit: { ...limit, max: 500 }, action: 'block' }],
      reason: 'more',
    };
    expectStatus(200, await admin.put(`/api/v1/policies/${policy.id}`, raised));
    expect(await state(id)).toMatchObject({ cap: 500, posted: 80, remaining: 420, policy_version: 3 });
  });

  test('is not enforced when its policy is a shadow, warns only, is no longer active or has expired', async () => {
    const limit = { type: 'requests', max: 1, window: { per: 'minute' } };
    const enforced = async (policy: PolicyObject) => (await state(controlOf(policy))).enforced;
    expect(await enforced(await policyWith([limit], { mode: 'shadow' }))).toBe(false);
    expect(await enforced(await policyWith([limit], { action: 'warn' }))).toBe(false);
    const policy = await policyWith([limit]);
    expect(await enforced(policy)).toBe(true);
    expectStatus(200, await admin.post(`/api/v1/policies/${policy.id}/disable`, { reason: 'a test' }));
    expect(await enforced(policy)).toBe(false);
  });

  test('is not there for a rule, for an unknown id and for what is no id of a control', async () => {
    const document = {
      name: 'x',
      target: { kind: 'all_runs' },
      controls: [{ rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'block' }],
    };
    const { controls } = expectStatus(201, await admin.post<PolicyObject>('/api/v1/policies', document));
    for (const id of [controls[0]?.id, makeId('control'), makeId('policy'), 'x']) {
      expect((await admin.get(`/api/v1/limits/${id}/state`)).status).toBe(404);
    }
  });
});

test('the list has every limit of policies that are not retired, in pages, with its state', async () => {
  const client = await app.client({ tenant_id: await app.otherTenant() });
  const tokens = (max: number) => ({ limit: { type: 'tokens_total', max, window: { per: 'day' } }, action: 'block' });
  const rule = { rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'block' };
  const make = async (...controls: object[]) =>
    expectStatus(
      201,
      await client.post<PolicyObject>('/api/v1/policies', { name: 'x', target: { kind: 'all_runs' }, controls }),
    );
  const [first, second, third] = [
    await make(tokens(1), rule, tokens(2)),
    await make(rule),
    await make(tokens(3), tokens(4), tokens(5)),
  ];
  const list = async (query = ''): Promise<List> => expectStatus(200, await client.get<List>(`/api/v1/limits${query}`));
  expect((await list()).items).toMatchObject(
    [3, 4, 5, 1, 2].map((cap) => ({ cap, posted: 0, remaining: cap, status: 'draft', enforced: false })),
  );
  const caps: unknown[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: List = await list(cursor === '' ? '?limit=2' : `?limit=2&cursor=${cursor}`);
    expect(page.total).toBe(5);
    caps.push(...page.items.map(({ cap }) => cap));
    cursor = page.next_cursor;
  }
  expect(caps).toEqual([3, 4, 5, 1, 2]);
  expectStatus(200, await client.post(`/api/v1/policies/${third.id}/retire`, { reason: 'a test' }));
  expectStatus(200, await client.post(`/api/v1/policies/${first.id}/activate`, { reason: 'a test' }));
  expect((await list()).items.map(({ cap }) => cap)).toEqual([1, 2]);
  expect((await list('?status=retired')).items.map(({ cap }) => cap)).toEqual([3, 4, 5]);
  expect((await list('?status=active,retired')).total).toBe(5);
  expect((await list(`?policy_id=${second.id}`)).items).toEqual([]);
  expect((await list(`?policy_id=${first.id}`)).items[1]).toMatchObject({
    id: first.controls[2]?.id,
    cap: 2,
    enforced: true,
  });
  for (const query of ['?cursor=x', '?cursor=pol_1.x', '?status=gone', '?per=day']) {
    expect((await client.get(`/api/v1/limits${query}`)).status).toBe(400);
  }
});

test('a change of an active policy makes every admission under the state before it stale', async () => {
  const epochNow = () => app.db.tenant(app.tenant_id, (tx) => controlEpoch(tx, app.tenant_id));
  const admitted = (control_epoch = '') =>
    app.db.tenant(app.tenant_id, async (tx) => {
      const of = {
        id: makeId('record'),
        run_id: makeId('run'),
        run_must_exist: false,
        take: false,
        lines: [],
        call: {},
      };
      const asks = [{ ...of, output_tokens: { wanted: 0, floor: 0 } }];
      const [admission] = await admit(tx, { control_epoch, instance_id: 'ins', at_ms: 0, asks });
      return admission?.outcome;
    });
  const before = await epochNow();
  expect(await admitted(before)).toBe('peeked');
  const { id } = await policyWith([{ type: 'requests', max: 1, window: { per: 'minute' } }]);
  expect(await admitted(before)).toBe('stale');
  const between = await epochNow();
  expect(await admitted(between)).toBe('peeked');
  expectStatus(200, await admin.post(`/api/v1/policies/${id}/disable`, { reason: 'a test' }));
  expect(await admitted(between)).toBe('stale');
});
