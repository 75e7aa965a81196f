import { makeId } from '@aos/server/base/deps.ts';
import { describe, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import {
  activated,
  admin,
  app,
  create,
  document,
  get,
  limit,
  path,
  put,
  type Refused,
  step,
  withApi,
} from './policy-parts.ts';

withApi();

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
