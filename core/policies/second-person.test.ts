import { expect, test } from 'vitest';
import type { StoredDocument } from './policy.ts';
import { broughtInForce, mayReach, type WrittenVersion, writersOf } from './second-person.ts';

const document = (max: number, more: object = {}) =>
  ({
    name: 'Cap',
    target: { kind: 'all_runs', ids: [], except_ids: [] },
    controls: [{ id: 'ctl_1', limit: { type: 'cost_usd', max, window: { per: 'day' } }, action: 'block' }],
    ...more,
  }) as unknown as StoredDocument;
const enforced = { status: 'active', mode: 'enforce', document: document(5) } as const;
const shadow = { ...enforced, mode: 'shadow' } as const;

test('what comes in force is what was stored, what a change says, or nothing new', () => {
  const draft = { ...enforced, status: 'draft' } as const;
  expect(broughtInForce(draft, shadow)).toBeNull();
  expect(broughtInForce(enforced, { ...shadow, document: document(9) })).toBeNull();
  for (const before of [draft, shadow]) expect(broughtInForce(before, enforced)).toBe('stored');
  expect(broughtInForce(enforced, { ...enforced, document: document(5, { name: 'Other', owner: 'me' }) })).toBeNull();
  expect(broughtInForce(enforced, { ...enforced, document: document(6) })).toBe('new');
  expect(broughtInForce(enforced, { ...enforced, document: document(5, { expires_at: '2030-01-01' }) })).toBe('new');
  expect(broughtInForce(null, enforced)).toBe('new');
});

test('who wrote it are all who changed it since it was enforced, else those before', () => {
  const version = (author: string, written: boolean, in_force = false): WrittenVersion => ({
    author,
    is_written: written,
    is_enforced: in_force,
  });
  const [by_ann, by_bob] = [version('ann', true), version('bob', true)];
  const agreed = version('bob', false, true);
  const ended = version('kim', false);
  expect(writersOf([by_bob, by_ann])).toEqual(['bob', 'ann']);
  expect(writersOf([ended, agreed, by_ann])).toEqual(['ann']);
  expect(writersOf([by_bob, ended, agreed, by_ann])).toEqual(['bob']);
  expect(writersOf([ended, version('eve', true, true), agreed, by_ann])).toEqual(['eve']);
});

test('a target that may be called from a project reaches it', () => {
  const paid = { id: 'prj_1', slug: 'paid' };
  const target = (kind: string, ids: string[] = [], except_ids: string[] = []) =>
    ({ kind, ids, except_ids }) as Parameters<typeof mayReach>[0];
  const keys = new Map([
    ['key_1', 'prj_1'],
    ['key_2', 'prj_2'],
    ['key_3', null],
  ]);
  const reaches = (of: ReturnType<typeof target>) => mayReach(of, paid, keys);
  expect([['paid'], ['prj_1'], ['other']].map((ids) => reaches(target('project', ids)))).toEqual([true, true, false]);
  expect([['key_1'], ['key_2'], ['key_3'], ['key_9']].map((ids) => reaches(target('api_key', ids)))).toEqual([
    ...[true, false, true, true],
  ]);
  expect(reaches(target('agent', ['bot']))).toBe(true);
  expect(reaches(target('all_runs', [], ['paid']))).toBe(false);
});
