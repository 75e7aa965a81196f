import type { PolicyObject } from '@aos/core/api/policies.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, expectStatus, makePolicy } from '../parts/client.ts';
import { openPolicyApp, type PolicyApp } from './policy-app.ts';

let app: PolicyApp;
let admin: Api;
beforeAll(async () => {
  app = await openPolicyApp('postgres');
  admin = await app.client();
});
afterAll(() => app?.drop());

interface Lint {
  ok: boolean;
  findings: { level: string; path: string; message: string; code?: string }[];
  sentence: string | null;
  deciding: { policy_id: string | null; policy_name: string; standing: string; words: string; state: unknown }[];
}
const lint = async (document: unknown, more: object = {}): Promise<Lint> =>
  expectStatus(200, await admin.post<Lint>('/api/v1/policies/lint', { document, ...more }));
const tokens = (max: number) => ({ limit: { type: 'tokens_total', max, window: { per: 'day' } }, action: 'block' });
const document = (more: object = {}) => ({
  name: 'Mine',
  target: { kind: 'all_runs' },
  controls: [tokens(100)],
  ...more,
});

describe('lint', () => {
  test('of a good document finds nothing and says what it means', async () => {
    expect(await lint(document())).toMatchObject({
      ok: true,
      findings: [],
      deciding: [{ policy_id: null, policy_name: 'Mine', standing: 'this', allows: 'tokens 100 in one day (UTC)' }],
      deciding_left_off: 0,
      sentence: 'Calls of all runs are refused once tokens would exceed 100 in one day (UTC), all counted together.',
    });
  });

  test('of what is no policy names every place, and makes nothing', async () => {
    const found = await lint({
      ...document(),
      mdoe: 'shadow',
      controls: [{ limit: { type: 'cost' }, action: 'blok' }],
    });
    expect(found).toMatchObject({ ok: false, sentence: null });
    expect(found.findings.map(({ path, level }) => `${level} ${path}`).sort()).toEqual([
      'error controls[0].action',
      'error controls[0].limit.type',
      'error mdoe',
    ]);
    expect(found.findings.find(({ path }) => path === 'mdoe')?.message).toContain('did you mean "mode"');
    expect((await admin.get<{ total: number }>('/api/v1/policies')).body.total).toBe(0);
  });

  test('tells what the activation would refuse, and what it would warn of', async () => {
    const past = await lint(document({ expires_at: '2020-01-01T00:00:00.000Z' }));
    expect(past).toMatchObject({ ok: false, findings: [{ level: 'refusal', path: 'expires_at' }] });
    const unseen = await lint(document({ target: { kind: 'agent', ids: ['never-seen'] } }));
    const told = 'agent "never-seen" has not been seen yet: it matches nothing so far';
    expect(unseen).toMatchObject({
      ok: true,
      findings: [{ level: 'warning', message: told }, { code: 'unbound_keys' }],
    });
  });
});

test('a policy that another one in force overshadows is activated with that said, and lint says it before', async () => {
  const wide = await makePolicy(admin, document({ name: 'Wide', controls: [tokens(50)] }));
  const narrow = document({ name: 'Narrow', target: { kind: 'project', ids: ['web'] } });
  const said = `controls[0]: its limit of 100 per day can never be reached, because policy "Wide" (${wide.id}) refuses calls beyond 50 per day`;
  expect((await lint(narrow)).findings).toContainEqual({ level: 'warning', path: 'controls[0]', message: said });
  const active = (await makePolicy(admin, narrow)) as unknown as PolicyObject;
  expect(active.warnings).toContain(said);
  expect((await lint(document({ controls: [tokens(50)] }))).findings[0]?.message).toContain('it adds nothing');
  expect((await lint(document({ controls: [tokens(50)] }), { policy_id: wide.id })).findings).toEqual([]);
  await admin.post(`/api/v1/policies/${wide.id}/disable`, { reason: 'a test' });
  const { warnings } = expectStatus(200, await admin.get<PolicyObject>(`/api/v1/policies/${active.id}`));
  expect(warnings).not.toContain(said);
});

test('the difference between two versions is told field by field', async () => {
  const { id, controls } = (await makePolicy(admin, document({ name: 'Versions' }))) as unknown as PolicyObject;
  const edited = {
    ...document({ name: 'Versions', owner: 'ops', tags: ['prod'] }),
    controls: [{ ...tokens(250), id: controls[0]?.id }],
  };
  expectStatus(200, await admin.put(`/api/v1/policies/${id}`, { ...edited, reason: 'more traffic' }));
  const diff = async (query = '') =>
    expectStatus(200, await admin.get<{ changes: { words: string }[] }>(`/api/v1/policies/${id}/diff${query}`));
  expect(await diff()).toMatchObject({
    policy_id: id,
    from: 2,
    to: 3,
    reason: 'more traffic',
    sentence_before: expect.stringContaining('exceed 100 in'),
    sentence_after: expect.stringContaining('exceed 250 in'),
  });
  expect((await diff()).changes.map(({ words }) => words).sort()).toEqual([
    'Limit on tokens: at most: 100 becomes 250',
    'Owner: "ops" added',
    'Tags: prod added',
  ]);
  expect((await diff('?from=1&to=2')).changes).toMatchObject([{ path: 'status', before: 'draft', after: 'active' }]);
  expect((await diff('?from=3&to=1')).changes.map(({ words }) => words)).toContain(
    'Limit on tokens: at most: 250 becomes 100',
  );
  const none = await admin.get(`/api/v1/policies/${id}/diff?from=9`);
  expect([none.status, none.text]).toEqual([
    400,
    expect.stringContaining('has no version 9; it has had versions 1 to 3'),
  ]);
});
