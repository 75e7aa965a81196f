import { makeId } from '@aos/server/base/deps.ts';
import { describe, expect, test } from 'vitest';
import { type Answer, expectStatus } from '../parts/client.ts';
import {
  activated,
  admin,
  app,
  create,
  document,
  get,
  type List,
  limit,
  type Policy,
  path,
  put,
  type Refused,
  step,
  withApi,
} from './policy-parts.ts';

withApi();

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

  test('are filtered by what their controls are and do, by owner, and by not having fired', async () => {
    const tenant_id = await app.otherTenant();
    const client = await app.client({ tenant_id });
    const requests = { type: 'requests', max: 5, window: { per: 'minute' } };
    const models = { type: 'model_access', params: { allow: ['mock-small'] } };
    const controls = [
      [{ limit: limit('1.00'), action: 'warn' }],
      [{ limit: requests, action: 'block' }],
      [{ rule: models, action: 'block' }],
      [
        { limit: limit('1.00'), action: 'kill' },
        { limit: requests, action: 'warn' },
      ],
    ];
    const owners = ['ana', 'ben'];
    const made: Policy[] = [];
    for (const [n, of] of controls.entries())
      made.push(
        await create(
          {
            name: `Policy ${n}`,
            controls: of,
            ...(owners[n] && { owner: owners[n] }),
            ...(n === 2 && { source: 'file' }),
          },
          client,
        ),
      );
    const names = async (query: string) => {
      const { items, total } = expectStatus(200, await client.get<List<Policy>>(`/api/v1/policies${query}`));
      expect(total).toBe(items.length);
      return items.map(({ name }) => name.slice(-1)).join('');
    };
    expect(await names('?action=block')).toBe('21');
    expect(await names('?action=kill,block')).toBe('321');
    expect(await names('?control=cost_usd')).toBe('30');
    expect(await names('?control=model_access')).toBe('2');
    expect(await names('?owner=ana&owner=ben')).toBe('10');
    expect(await names('?owner=!ana')).toBe('321');
    expect([await names('?source=file'), await names('?source=manual')]).toEqual(['2', '310']);
    expect(await names('?unfired_days=30')).toBe('');
    for (const n of [0, 3]) expectStatus(200, await step(made[n]?.id ?? '', 'activate', {}, client));
    expect(await names('?unfired_days=30')).toBe('30');
    await app.db.tenant(tenant_id, (tx) =>
      tx.query(
        `insert into violations (tenant_id, id, run_id, decision_id, policy_id, policy_version, control_id, control_type,
            mode, action, category, severity, subject, occurred_at)
          values (current_tenant(), $1, $2, $3, $4, 1, $5, 'cost_usd', 'enforce', 'warn', 'BUDGET', 'LOW', '*', now())`,
        [...(['violation', 'run', 'decision'] as const).map(makeId), made[3]?.id, makeId('control')],
      ),
    );
    expect(await names('?unfired_days=7')).toBe('0');
    app.setClock(new Date(Date.now() + 8 * 86_400_000).toISOString());
    expect(await names('?unfired_days=7')).toBe('30');
    expect(await names('?unfired_days=30')).toBe('0');
    app.setClock(null);
  });

  test('are narrowed to those on whose every call another policy decided', async () => {
    const tenant_id = await app.otherTenant();
    const client = await app.client({ tenant_id });
    const [other, always, once, idle] = [
      await create({ name: 'Other' }, client),
      await create({ name: 'Always' }, client),
      await create({ name: 'Once' }, client),
      await create({ name: 'Idle' }, client),
    ];
    for (const { id } of [other, always, once, idle]) expectStatus(200, await step(id, 'activate', {}, client));
    const fired = (decided_by: string, on: readonly string[]) =>
      app.db.tenant(tenant_id, async (tx) => {
        const decision = makeId('decision');
        await tx.query(
          `insert into decisions (tenant_id, id, project_id, api_key_id, verdict, policy_id, policy_snapshot_id, call, estimate,
              contributions, decided_at)
            values (current_tenant(), $1, $2, $3, 'block', $4, $5, '{}', '{}', '[]', now())`,
          [decision, makeId('project'), client.key_id, decided_by, makeId('snapshot')],
        );
        for (const policy_id of on)
          await tx.query(
            `insert into violations (tenant_id, id, run_id, decision_id, policy_id, policy_version, control_id, control_type,
                mode, action, category, severity, subject, occurred_at)
              values (current_tenant(), $1, $2, $3, $4, 1, $5, 'cost_usd', 'enforce', 'block', 'BUDGET', 'LOW', '*', now())`,
            [makeId('violation'), makeId('run'), decision, policy_id, makeId('control')],
          );
      });
    await fired(other.id, [other.id, always.id, once.id]);
    await fired(once.id, [once.id, always.id]);
    const { items } = expectStatus(200, await client.get<List<Policy>>('/api/v1/policies?overshadowed_days=30'));
    expect(items.map(({ name }) => name)).toEqual(['Always']);
  });

  test('say what each control allows, and who made the latest version and why', async () => {
    const author = await app.client({ role: 'policy_author' });
    const controls = [
      { limit: limit('50.00'), action: 'block' },
      { rule: { type: 'model_access', params: { allow: ['mock-small'] } }, action: 'block' },
    ];
    const { id } = await create({ controls }, author);
    const listed = async () => {
      const { items } = expectStatus(200, await admin.get<List<Policy>>(`/api/v1/policies?q=${id}`));
      expect(items).toEqual([await get(id)]);
      return items[0];
    };
    const draft = await listed();
    expect(draft?.allows).toEqual(['cost $50.00 in one day (UTC)', expect.stringMatching(/mock-small/)]);
    expect(draft).toMatchObject({ updated_by: author.key_id, updated_because: null });
    expectStatus(200, await put(id, { reason: 'the budget of the quarter' }));
    expect(await listed()).toMatchObject({ updated_by: admin.key_id, updated_because: 'the budget of the quarter' });
    expect((await listed())?.allows).toHaveLength(1);
  });

  test.each([
    '?unfired_days=0',
    '?control=money',
    '?action=stop',
    '?statuss=active',
    '?status=activ',
    '?limit=0',
    '?limit=201',
    '?cursor=x',
    '?q=',
    '?target_kind=tenant',
  ])('%s is refused', async (query) => {
    const { status, body } = await admin.get<Refused>(`/api/v1/policies${query}`);
    expect([status, body.error.code]).toEqual([400, 'invalid_query']);
  });
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
