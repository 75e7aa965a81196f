import type { PolicyObject } from '@aos/core/api/policies.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { currentSnapshot } from '@aos/server/store/policies.ts';
import { controlEpoch } from '@aos/server/store/tenants.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Api, expectStatus } from '../parts/client.ts';
import { openPolicyApp, type PolicyApp } from './policy-app.ts';

type Policy = PolicyObject;
interface List<Item> {
  items: Item[];
  next_cursor: string | null;
  total: number | null;
}
interface Refused {
  error: { code: string; message: string };
}

const limit = (max: string | number) => ({ type: 'cost_usd', max, window: { per: 'day' } });
const document = (more: object = {}) => ({
  name: 'Daily cap',
  target: { kind: 'agent', ids: ['support-bot'] },
  controls: [{ limit: limit('50.00'), action: 'block' }],
  ...more,
});
const reason = 'because a test says so';
const path = (id: string, step = '') => `/api/v1/policies/${id}${step}`;

let app: PolicyApp;
let admin: Api & { key_id: string };

beforeAll(async () => {
  app = await openPolicyApp('postgres');
  admin = await app.client();
});
afterAll(() => app?.drop());

const create = async (more: object = {}, client: Api = admin): Promise<Policy> =>
  expectStatus(201, await client.post<Policy>('/api/v1/policies', document(more)));
const step = (id: string, name: string, body: object = {}, client: Api = admin): Promise<Answer<Policy & Refused>> =>
  client.post(path(id, `/${name}`), { reason, ...body });
const activated = async (more: object = {}): Promise<Policy> => {
  const { id } = await create(more);
  return expectStatus(200, await step(id, 'activate'));
};
const put = (id: string, body: object, client: Api = admin): Promise<Answer<Policy & Refused>> =>
  client.put(path(id), { ...document(), reason, ...body });
const get = async (id: string): Promise<Policy> => expectStatus(200, await admin.get<Policy>(path(id)));

const epoch = () => app.db.tenant(app.tenant_id, (tx) => controlEpoch(tx, app.tenant_id));
const snapshot = () => app.db.tenant(app.tenant_id, (tx) => currentSnapshot(tx, app.tenant_id));
interface Entry {
  event: string;
  object_id: string;
  actor_id: string;
  reason: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string;
}
const ledger = (object_id: string) =>
  app.db.tenant(app.tenant_id, (tx) =>
    tx.query<Entry>(
      'select event, object_id, actor_id, reason, before, after, request_id from audit_ledger where object_id = $1 order by id',
      [object_id],
    ),
  );

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
    await walk('activate', { mode: 'enforce' }, { status: 'active', mode: 'enforce', version: 5 });
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

describe('what is not accepted', () => {
  const refused = async (body: object): Promise<string> => {
    const { status, body: answer } = await admin.post<Refused>('/api/v1/policies', body);
    expect([status, answer.error.code]).toEqual([400, 'invalid_body']);
    return answer.error.message;
  };

  test.each<[string, object, string]>([
    [
      'an unknown window',
      document({ controls: [{ limit: { ...limit(5), window: { per: 'dya' } }, action: 'block' }] }),
      'controls[0].limit.window.per',
    ],
    ['an unknown action', document({ controls: [{ limit: limit(5), action: 'blok' }] }), 'did you mean "block"'],
    ['a misspelled member', { ...document(), tragte: {} }, 'did you mean "target"'],
    ['no controls', document({ controls: [] }), 'controls must have at least 1 item'],
    ['nothing', {}, 'name is missing'],
  ])('%s is named with its path', async (_, body, said) => {
    expect(await refused(body)).toContain(said);
  });

  test('a step without a reason, with an empty one or one that is too long', async () => {
    const { id } = await create();
    for (const body of [{}, { reason: ' ' }, { reason: 'x'.repeat(501) }, { reason: 5 }]) {
      for (const name of ['activate', 'disable', 'retire']) {
        const answer = await admin.post<Refused>(path(id, `/${name}`), body);
        expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_body']);
        expect(answer.body.error.message).toContain('reason');
      }
    }
    expect((await admin.put(path(id), document())).status).toBe(400);
    expect((await get(id)).version).toBe(1);
  });

  test('an expired policy does not become active, and an active one is not edited to be expired', async () => {
    const past = { expires_at: '2020-01-01T00:00:00.000Z' };
    const draft = await create(past);
    expect(draft.warnings[0]).toContain('has passed');
    const answer = await step(draft.id, 'activate');
    expect([answer.status, answer.body.error.code]).toEqual([409, 'conflict']);
    expect(answer.body.error.message).toContain('expires_at (2020-01-01T00:00:00.000Z) has passed');
    const policy = await activated();
    expect((await put(policy.id, past)).status).toBe(400);
    expect((await get(policy.id)).version).toBe(2);
    await step(policy.id, 'retire');
  });
});

describe('targets', () => {
  const cap = { controls: [{ limit: limit(5), action: 'block' }] };
  const target = (kind: string, ids: string[], more: object = {}) => ({ target: { kind, ids, ...more }, ...cap });

  test('keys are kept as their lineage, under whatever key of it they were named', async () => {
    const first = await app.client({ role: 'service' });
    const second = await app.client({ role: 'service', lineage_id: first.key_id });
    const third = await app.client({ role: 'service' });
    const made = await create(
      target('api_key', [second.key_id, first.key_id, third.key_id], { except_ids: [second.key_id, 'ann'] }),
    );
    expect(made.target).toMatchObject({ ids: [first.key_id, third.key_id], except_ids: [first.key_id, 'ann'] });
    const edited = expectStatus(200, await put(made.id, target('api_key', [second.key_id])));
    expect(edited.target.ids).toEqual([first.key_id]);
  });

  test('a key that does not exist, or is another tenant’s, is refused', async () => {
    const stranger = await app.client({ tenant_id: await app.otherTenant() });
    for (const id of [makeId('api_key'), 'my-key', stranger.key_id]) {
      const answer = await admin.post<Refused>('/api/v1/policies', document(target('api_key', [id])));
      expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_body']);
      expect(answer.body.error.message).toContain(`target.ids names the API key "${id}"`);
    }
    expect(
      (await admin.post('/api/v1/policies', document(target('agent', ['bot'], { except_ids: [makeId('api_key')] }))))
        .status,
    ).toBe(400);
  });

  test('warnings go away once the names are known, and tell of models without price and of actors that are no humans', async () => {
    const at = new Date().toISOString();
    const project_id = makeId('project');
    await app.db.tenant(app.tenant_id, async (tx) => {
      const of = [app.tenant_id, project_id, at];
      await tx.query(
        "insert into projects (tenant_id, id, slug, name, created_at) values ($1, $2, 'web', 'web', $3)",
        of,
      );
      await tx.query(
        "insert into agents (tenant_id, id, project_id, slug, name, created_at) values ($1, $2, $3, 'known-bot', 'x', $4)",
        [app.tenant_id, makeId('agent'), project_id, at],
      );
      await tx.query(
        "insert into actors (tenant_id, id, slug, name, kind, created_at) values ($1, $2, 'cron', 'x', 'service', $3), ($1, $4, 'ann', 'x', 'human', $3)",
        [app.tenant_id, makeId('actor'), at, makeId('actor')],
      );
    });
    const warnings = async (more: object) => (await create(more)).warnings;
    expect(await warnings(target('agent', ['known-bot']))).toEqual([]);
    expect(await warnings(target('project', ['web', project_id, 'wbe']))).toEqual([
      'project "wbe" has not been seen yet: it matches nothing so far (did you mean "web"?)',
    ]);
    expect(await warnings(target('agent', ['web']))).toHaveLength(1);
    expect(await warnings(target('all_runs', [], { except_ids: ['ann', 'known-bot', 'anna'] }))).toEqual([
      'the exception "anna" has not been seen yet: it excepts nothing so far (did you mean "ann"?)',
    ]);
    expect(await warnings(target('actor', ['ann', 'cron']))).toEqual([
      'actor "cron" is not a human: a policy for actors applies to humans only',
    ]);
    const models = [
      'gpt-4o',
      'openai/gpt-4o',
      'mock-small',
      'mock/mock-small',
      'claude-sonnet-4-5',
      'gpt-9*',
      'mock-unknown-price',
      'openai/none',
    ];
    const told = await warnings(target('all_runs', [], { when: { model: models } }));
    expect(told).toEqual([
      expect.stringContaining('model "mock-unknown-price" has no price'),
      expect.stringContaining('model "openai/none" has no price'),
    ]);
    expect(await warnings(target('all_runs', [], { when: { provider: ['openai'] } }))).toEqual([
      expect.stringContaining('provider "openai" is not configured'),
    ]);
  });
});

describe('lists', () => {
  test('are filtered by status, mode, kind of target and text, and turn their pages by keyset', async () => {
    const client = await app.client({ tenant_id: await app.otherTenant() });
    const made: Policy[] = [];
    for (let n = 0; n < 5; n++) {
      const of = n % 2 === 0 ? { target: { kind: 'all_runs' } } : { mode: 'shadow', tags: ['100%_sure'] };
      made.push(await create({ name: `Policy ${n}`, ...of }, client));
    }
    const activate = made.slice(0, 3).map(({ id }) => step(id, 'activate', {}, client));
    for (const answer of activate) expectStatus(200, await answer);
    const names = async (query: string) => {
      const { items, total } = expectStatus(200, await client.get<List<Policy>>(`/api/v1/policies${query}`));
      expect(total).toBe(items.length);
      return items.map(({ name }) => name.slice(-1)).join('');
    };
    expect(await names('')).toBe('43210');
    expect(await names('?status=active')).toBe('210');
    expect(await names('?status=draft')).toBe('43');
    expect(await names('?status=draft,active')).toBe('43210');
    expect(await names('?mode=shadow')).toBe('31');
    expect(await names('?target_kind=all_runs')).toBe('420');
    expect(await names('?target_kind=agent&status=active')).toBe('1');
    expect(await names('?q=policy%203')).toBe('3');
    expect(await names('?q=100%25_')).toBe('31');
    expect(await names('?q=support-bot')).toBe('31');
    expect(await names('?q=%25')).toBe('31');
    expect(await names(`?q=${made[2]?.id}`)).toBe('2');
    expect(await names('?q=nothing')).toBe('');
    const first = expectStatus(200, await client.get<List<Policy>>('/api/v1/policies?limit=2'));
    expect([first.items.length, first.total]).toEqual([2, 5]);
    await create({ name: 'in between' }, client);
    const second = expectStatus(
      200,
      await client.get<List<Policy>>(`/api/v1/policies?limit=2&cursor=${first.next_cursor}`),
    );
    expect(second.items.map(({ name }) => name)).toEqual(['Policy 2', 'Policy 1']);
    const third = expectStatus(
      200,
      await client.get<List<Policy>>(`/api/v1/policies?limit=2&cursor=${second.next_cursor}`),
    );
    expect([third.items.map(({ name }) => name), third.next_cursor]).toEqual([['Policy 0'], null]);
    expect(first.items[0]?.snapshot_id).toBeNull();
    expect(second.items[0]?.snapshot_id).toMatch(/^snp_/);
  });

  test.each(['?statuss=active', '?status=activ', '?limit=0', '?limit=201', '?cursor=x', '?q=', '?target_kind=tenant'])(
    '%s is refused',
    async (query) => {
      const { status, body } = await admin.get<Refused>(`/api/v1/policies${query}`);
      expect([status, body.error.code]).toEqual([400, 'invalid_query']);
    },
  );
});

describe('who may do what', () => {
  test('authors write drafts; approvers put in force; viewers read; a service key does neither', async () => {
    const by = async (role: 'policy_author' | 'approver' | 'viewer' | 'service') => app.client({ role });
    const [author, approver, viewer, service] = [
      await by('policy_author'),
      await by('approver'),
      await by('viewer'),
      await by('service'),
    ];
    const draft = await create({}, author);
    expect((await put(draft.id, { name: 'mine' }, author)).status).toBe(200);
    expect((await step(draft.id, 'activate', {}, author)).status).toBe(403);
    expect((await approver.post('/api/v1/policies', document())).status).toBe(403);
    expect((await step(draft.id, 'activate', {}, approver)).status).toBe(200);
    const edit = await put(draft.id, { name: 'sneaked in' }, author);
    expect([edit.status, edit.body.error.code]).toEqual([403, 'forbidden']);
    expect(edit.body.error.message).toContain('activate_policies');
    expect((await step(draft.id, 'disable', {}, author)).status).toBe(403);
    expect((await put(draft.id, { name: 'as admin' })).status).toBe(200);
    expect((await step(draft.id, 'disable', {}, approver)).status).toBe(200);
    expect((await put(draft.id, { name: 'disabled, so mine again' }, author)).status).toBe(200);
    expect((await step(draft.id, 'retire', {}, author)).status).toBe(403);
    for (const url of ['/api/v1/policies', path(draft.id), path(draft.id, '/versions'), '/api/v1/limits']) {
      expect((await viewer.get(url)).status).toBe(200);
      expect((await service.get(url)).status).toBe(403);
    }
    expect((await viewer.post('/api/v1/policies', document())).status).toBe(403);
    expect((await step(draft.id, 'retire', {}, viewer)).status).toBe(403);
  });

  test('another tenant’s policy is answered like one that nobody has', async () => {
    const policy = await activated();
    const stranger = await app.client({ tenant_id: await app.otherTenant(), role: 'owner' });
    const nobodys = makeId('policy');
    const same = async (ask: (id: string) => Promise<Answer<unknown>>) => {
      const [theirs, none] = [await ask(policy.id), await ask(nobodys)];
      expect(theirs.status).toBe(404);
      expect(theirs.text).toBe(none.text);
    };
    await same((id) => stranger.get(path(id)));
    await same((id) => stranger.get(path(id, '/versions')));
    await same((id) => put(id, {}, stranger));
    for (const name of ['activate', 'disable', 'retire']) await same((id) => step(id, name, {}, stranger));
    expect(await get(policy.id)).toEqual(policy);
    const control = policy.controls[0]?.id;
    expect((await admin.get(`/api/v1/limits/${control}/state`)).status).toBe(200);
    expect((await stranger.get(`/api/v1/limits/${control}/state`)).status).toBe(404);
    expect((await stranger.get<List<unknown>>('/api/v1/limits')).body.items).toEqual([]);
    await step(policy.id, 'retire');
  });
});

test('an idempotency key makes one draft of two requests', async () => {
  const headers = { 'idempotency-key': makeId('event') };
  const first = await admin.post<Policy>('/api/v1/policies', document(), { headers });
  const again = await admin.post<Policy>('/api/v1/policies', document(), { headers });
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(first.body);
});
