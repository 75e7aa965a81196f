import { makeId } from '@aos/server/base/deps.ts';
import { currentSnapshot } from '@aos/server/store/policies.ts';
import { describe, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import {
  activated,
  admin,
  app,
  create,
  document,
  epoch,
  get,
  type List,
  ledger,
  limit,
  type Policy,
  path,
  put,
  type Refused,
  reason,
  snapshot,
  step,
  withApi,
} from './policy-parts.ts';

withApi();

describe('the lifecycle of a policy', () => {
  test('a draft has an id, ids of its controls, its sentence and its page, and is in no snapshot', async () => {
    const before = await epoch();
    const made = await create({ tags: ['cost'], owner: 'team-support' });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^pol_/),
      name: 'Daily cap',
      status: 'draft',
      mode: 'enforce',
      version: 1,
      source: 'manual',
      tags: ['cost'],
      owner: 'team-support',
      created_by: admin.key_id,
      activated_at: null,
      retired_at: null,
      snapshot_id: null,
      sentence:
        'Calls of agent support-bot are refused once cost would exceed $50.00 in one day (UTC), all counted together.',
      warnings: ['agent "support-bot" has not been seen yet: it matches nothing so far'],
      url: `https://aos.test/policies/${made.id}`,
      controls: [{ id: expect.stringMatching(/^ctl_/), action: 'block', limit: { max: '50.000000000' } }],
    });
    expect(await get(made.id)).toEqual(made);
    expect(await epoch()).toBe(before);
    expect((await snapshot()).document.policies.map(({ id }) => id)).not.toContain(made.id);
    expect(await ledger(made.id)).toMatchObject([
      { event: 'POLICY_CREATED', actor_id: admin.key_id, before: null, after: { version: 1, status: 'draft' } },
    ]);
  });

  test('activating, disabling, activating again and retiring each make a version, an entry and a new snapshot', async () => {
    const { id } = await create();
    const epochs = [await epoch()];
    const snapshots: (string | null)[] = [];
    const walk = async (name: string, body: object, expected: object) => {
      const shown = expectStatus(200, await step(id, name, body));
      expect(shown).toMatchObject(expected);
      expect(await get(id)).toEqual(shown);
      epochs.push(await epoch());
      const { snapshot_id, document: set } = await snapshot();
      expect(set.policies.some((of) => of.id === id)).toBe(shown.status === 'active');
      expect(shown.snapshot_id).toBe(shown.status === 'active' ? snapshot_id : null);
      snapshots.push(snapshot_id);
    };
    await walk('activate', {}, { status: 'active', mode: 'enforce', version: 2, activated_at: expect.any(String) });
    await walk('activate', { mode: 'shadow' }, { status: 'active', mode: 'shadow', version: 3 });
    await walk('disable', {}, { status: 'disabled', mode: 'shadow', version: 4 });
    expect((await step(id, 'activate', { version: 3 })).body.error.message).toContain('is at version 4 by now');
    await walk('activate', { mode: 'enforce', version: 4 }, { status: 'active', mode: 'enforce', version: 5 });
    await walk(
      'retire',
      { reason: 'replaced' },
      { status: 'retired', version: 6, retired_at: expect.any(String), retired_reason: 'replaced', warnings: [] },
    );
    expect(epochs.map(Number)).toEqual([0, 1, 2, 3, 4, 5].map((n) => Number(epochs[0]) + n));
    expect(snapshots[4]).toBe(snapshots[2]);
    expect(new Set(snapshots).size).toBe(4);
    const entries = await ledger(id);
    expect(entries.map(({ event }) => event)).toEqual([
      'POLICY_CREATED',
      'POLICY_ACTIVATED',
      'POLICY_ACTIVATED',
      'POLICY_DISABLED',
      'POLICY_ACTIVATED',
      'POLICY_RETIRED',
    ]);
    for (const [n, { before, after, actor_id, request_id }] of entries.entries()) {
      if (n > 0) expect(before).toEqual(entries[n - 1]?.after);
      expect(after).toMatchObject({ version: n + 1 });
      expect(actor_id).toBe(admin.key_id);
      expect(request_id).toMatch(/^req_/);
    }
    expect(entries.at(-1)).toMatchObject({ reason: 'replaced', after: { status: 'retired' } });
  });

  test('activating what is active in this mode already changes nothing', async () => {
    const policy = await activated();
    const before = await epoch();
    expect((await step(policy.id, 'activate')).body).toEqual(policy);
    expect((await step(policy.id, 'activate', { mode: 'enforce' })).body).toEqual(policy);
    expect(await epoch()).toBe(before);
    await step(policy.id, 'retire');
  });

  test('a draft may be retired; what is retired is final; a draft cannot be disabled', async () => {
    const draft = await create();
    const refused = await step(draft.id, 'disable');
    expect([refused.status, refused.body.error.code]).toEqual([409, 'conflict']);
    expect(refused.body.error.message).toContain('is draft: activate it first');
    expectStatus(200, await step(draft.id, 'retire'));
    for (const answer of [
      await step(draft.id, 'activate'),
      await step(draft.id, 'disable'),
      await step(draft.id, 'retire'),
      await put(draft.id, {}),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([409, 'conflict']);
      expect(answer.body.error.message).toContain('retired, which is final');
    }
    expect((await get(draft.id)).version).toBe(2);
  });

  test('equal sets have one snapshot; a tenant without policies has that of the empty set', async () => {
    const tenant_id = await app.otherTenant();
    const now = () => app.db.tenant(tenant_id, (tx) => currentSnapshot(tx, tenant_id));
    const empty = await now();
    expect(empty.document).toEqual({ policies: [] });
    expect(await now()).toEqual(empty);
    const other = await app.client({ tenant_id });
    const { id } = await create({}, other);
    expectStatus(200, await step(id, 'activate', {}, other));
    expect((await now()).snapshot_id).not.toBe(empty.snapshot_id);
    expectStatus(200, await step(id, 'retire', {}, other));
    expect((await now()).snapshot_id).toBe(empty.snapshot_id);
    const change = app.db.tenant(tenant_id, (tx) => tx.query("update snapshots set hash = 'x'"));
    await expect(change).rejects.toThrow();
  });
});

describe('an edit', () => {
  test('of an active policy stays active, holds at once, and keeps the ids of controls sent back', async () => {
    const policy = await activated({
      controls: [
        { limit: limit(50), action: 'block' },
        { limit: { type: 'requests', max: 60, window: { per: 'minute' } }, action: 'block' },
      ],
    });
    const [first, second] = policy.controls;
    const before = { epoch: await epoch(), snapshot: policy.snapshot_id };
    const edited = expectStatus(
      200,
      await put(policy.id, {
        name: 'Daily cap, raised',
        controls: [
          { ...first, limit: limit(80) },
          { limit: { type: 'concurrency', max: 4 }, action: 'warn' },
        ],
      }),
    );
    expect(edited).toMatchObject({ status: 'active', version: 3, name: 'Daily cap, raised' });
    expect(edited.controls[0]).toMatchObject({ id: first?.id, limit: { max: '80.000000000' } });
    expect([first?.id, second?.id]).not.toContain(edited.controls[1]?.id);
    expect(Number(await epoch())).toBe(Number(before.epoch) + 1);
    expect(edited.snapshot_id).not.toBe(before.snapshot);
    const in_force = (await snapshot()).document.policies.find(({ id }) => id === policy.id);
    expect(in_force).toMatchObject({ version: 3, document: { name: 'Daily cap, raised', controls: edited.controls } });
    expect((await ledger(policy.id)).at(-1)).toMatchObject({
      event: 'POLICY_UPDATED',
      reason,
      before: { version: 2 },
      after: { version: 3 },
    });
    expect(await ledger(first?.id ?? '')).toMatchObject([
      {
        event: 'LIMIT_ADJUSTED',
        before: { limit: { max: '50.000000000' } },
        after: { limit: { max: '80.000000000' }, policy_id: policy.id },
      },
    ]);
    await step(policy.id, 'retire');
  });

  test('without ids keeps the controls that count the same, so that raising a cap keeps what was spent', async () => {
    const draft = await create();
    const edited = expectStatus(200, await put(draft.id, { controls: [{ limit: limit(99), action: 'block' }] }));
    expect(edited.controls[0]?.id).toBe(draft.controls[0]?.id);
  });

  test('that makes a control count something else starts it anew, and says so', async () => {
    const draft = await create();
    const [control] = draft.controls;
    const weekly = { ...control, limit: { ...limit(50), window: { per: 'week' } } };
    const edited = expectStatus(200, await put(draft.id, { controls: [weekly] }));
    expect(edited.controls[0]?.id).not.toBe(control?.id);
    expect(edited.warnings[0]).toContain(`controls[0] counts something else than ${control?.id} did`);
    const back = expectStatus(200, await put(draft.id, { controls: [control ?? {}] }));
    expect(back.controls[0]?.id).toBe(control?.id);
  });

  test('with an id the policy never had, or with one twice, is refused and changes nothing', async () => {
    const [draft, other] = [await create(), await create()];
    const foreign = await put(draft.id, { controls: other.controls });
    expect([foreign.status, foreign.body.error.code]).toEqual([400, 'invalid_body']);
    expect(foreign.body.error.message).toContain(`controls[0].id is ${other.controls[0]?.id}`);
    const [control] = draft.controls;
    expect((await put(draft.id, { controls: [control, control] })).status).toBe(400);
    expect((await put(draft.id, { controls: [{ ...control, id: makeId('control') }] })).status).toBe(400);
    expect((await admin.post('/api/v1/policies', document({ controls: draft.controls }))).status).toBe(400);
    expect((await get(draft.id)).version).toBe(1);
  });

  test('of a draft does not touch the gate', async () => {
    const draft = await create();
    const before = await epoch();
    expect(expectStatus(200, await put(draft.id, { mode: 'shadow' }))).toMatchObject({
      status: 'draft',
      mode: 'shadow',
      version: 2,
    });
    expect(await epoch()).toBe(before);
  });

  test('of an older version than the latest is refused when it says which one it was', async () => {
    const draft = await create();
    expectStatus(200, await put(draft.id, { version: 1, name: 'second' }));
    const late = await put(draft.id, { version: 1, name: 'late' });
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    expect(await get(draft.id)).toMatchObject({ version: 2, name: 'second' });
  });

  test('is made of the version that If-Match names, or not at all, as every other change', async () => {
    const draft = await create();
    const read = await admin.get<Policy>(path(draft.id));
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toBe('"1"');
    const reason = 'a change';
    const change = { name: 'second', target: draft.target, controls: draft.controls, reason };
    const matching = (tag: string) => ({ headers: { 'if-match': tag } });
    const second = await admin.put<Policy>(path(draft.id), change, matching(etag));
    expect([second.status, second.headers.get('etag')]).toEqual([200, '"2"']);
    const late = await admin.put<Policy & Refused>(path(draft.id), { ...change, name: 'late' }, matching(etag));
    expect([late.status, late.body.error.code]).toEqual([412, 'precondition_failed']);
    expect(late.body.error.message).toContain('is at version 2 by now');
    const weak = await admin.put(path(draft.id), { ...change, name: 'weak' }, matching('W/"2"'));
    expect(weak.status).toBe(412);
    expect((await admin.post(path(draft.id, '/activate'), { reason }, matching('"1"'))).status).toBe(412);
    expect(await get(draft.id)).toMatchObject({ version: 2, status: 'draft', name: 'second' });
    expectStatus(200, await admin.post(path(draft.id, '/activate'), { reason }, matching('"7", "2"')));
    expectStatus(200, await admin.post(path(draft.id, '/retire'), { reason }, matching('*')));
  });

  test('that says nothing of the mode enforces nothing that is in shadow', async () => {
    const draft = await create();
    const reason = 'to look at it first';
    expectStatus(200, await admin.post(path(draft.id, '/activate'), { reason, mode: 'shadow' }));
    const { target, controls } = draft;
    const edit = { name: 'reworded', target, controls, reason: 'a better name' };
    expect(expectStatus(200, await admin.put(path(draft.id), edit))).toMatchObject({ mode: 'shadow' });
    expect(expectStatus(200, await admin.put(path(draft.id), { ...edit, mode: 'enforce' }))).toMatchObject({
      mode: 'enforce',
    });
  });

  test('by many at once: every one either makes the next version or hears of a conflict', async () => {
    const policy = await activated();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => put(policy.id, { name: `edit ${n}` })));
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body.version);
    expect(
      answers
        .filter(({ status }) => status !== 200)
        .every(({ status, body }) => status === 409 && body.error.code === 'conflict'),
    ).toBe(true);
    expect(won.length).toBeGreaterThan(0);
    expect(won.sort((a, b) => a - b)).toEqual(won.map((_, n) => n + 3));
    const versions = expectStatus(200, await admin.get<List<{ version: number }>>(path(policy.id, '/versions')));
    expect(versions.items.map(({ version }) => version)).toEqual([...won].reverse().concat([2, 1]));
    await step(policy.id, 'retire');
  });

  test('loses the race against a transaction that changed the policy first', async () => {
    const draft = await create();
    const racing = app.db.tenant(app.tenant_id, async (tx) => {
      await tx.query('update policies set version = version + 1 where id = $1', [draft.id]);
      const late = put(draft.id, { name: 'late' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { late };
    });
    const { late } = await racing;
    expect(await late).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
  });
});

describe('versions', () => {
  test('tell who changed what and why, newest first, page by page', async () => {
    const policy = await activated();
    await put(policy.id, { name: 'third', reason: 'a better name' });
    const pages: {
      version: number;
      status: string;
      author: string;
      reason: string | null;
      document: { name: string };
      sentence: string;
    }[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '?limit=2' : `?limit=2&cursor=${cursor}`;
      const page: List<(typeof pages)[number]> = expectStatus(
        200,
        await admin.get(path(policy.id, `/versions${query}`)),
      );
      expect(page.total).toBe(3);
      pages.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(pages).toMatchObject([
      { version: 3, status: 'active', author: admin.key_id, reason: 'a better name', document: { name: 'third' } },
      { version: 2, status: 'active', reason },
      {
        version: 1,
        status: 'draft',
        reason: null,
        document: { name: 'Daily cap' },
        sentence: expect.stringContaining('$50.00'),
      },
    ]);
    expect((await admin.get(path(policy.id, '/versions?cursor=x'))).status).toBe(400);
    await step(policy.id, 'retire');
  });
});
