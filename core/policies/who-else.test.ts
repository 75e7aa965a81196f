import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochMs } from '../base/time.ts';
import { actions } from './action.ts';
import { policy_document, type StoredDocument } from './policy.ts';
import type { ActivePolicy } from './snapshot.ts';
import type { Caller } from './target.ts';
import { whoElse } from './who-else.ts';

const at_ms = epochMs('2026-11-22T12:00:00.000Z');
const bots = { kind: 'agent', ids: ['bot'] };
const all = { kind: 'all_runs' };
const tokens = (max: number, per = 'day', action = 'block') => ({
  limit: { type: 'tokens_total', max, window: { per } },
  action,
});
const policy = (target: object, controls: object[], more: object = {}) =>
  policy_document.parse({ name: 'Mine', target, controls, ...more });
const active = (name: string, target: object, controls: object[], more: Partial<ActivePolicy> = {}): ActivePolicy => ({
  id: `pol_${name}`,
  version: 1,
  mode: 'enforce',
  document: { ...policy(target, controls), name } as StoredDocument,
  ...more,
});
const seen: Caller[] = [
  {
    project: { id: 'prj_1', slug: 'billing' },
    api_key: { id: 'key_2', lineage_id: 'key_1' },
    agent: { id: 'agt_1', slug: 'bot' },
    actor: null,
  },
];
const told = (document: ReturnType<typeof policy>, ...others: ActivePolicy[]) =>
  whoElse({ document, seen }, others, at_ms).map((of) => `${of.policy_name} ${of.allows}: ${of.words}`);

test('all that meets the calls of a policy is told with it, the strictest and then the narrowest first', () => {
  const rows = told(
    policy(bots, [tokens(50)]),
    active('Ceiling', all, [tokens(900, 'day', 'warn')]),
    active('Elsewhere', { kind: 'agent', ids: ['another'] }, [tokens(1)]),
    active('Tried', all, [tokens(7, 'hour', 'kill')], { mode: 'shadow' }),
    active('Cap', { kind: 'project', ids: ['billing'] }, [
      { rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'kill' },
    ]),
  );
  expect(rows).toEqual([
    'Cap when the model is x: stricter: where both fire, kill applies',
    'Mine tokens 50 in one day (UTC): this policy',
    'Ceiling tokens 900 in one day (UTC): milder: where both fire, block applies',
    'Tried tokens 7 in one hour: in shadow: it stops nothing',
  ]);
});

test('what can never decide beside another is told as that, on whichever side it is and before it is enforced', () => {
  const mine = policy(bots, [tokens(500)], { mode: 'shadow' });
  expect(told(mine, active('Wide', all, [tokens(100, 'month')]))).toContain(
    'Mine tokens 500 in one day (UTC): its limit of 500 per day can never be reached, because policy "Wide" refuses calls beyond 100 per month',
  );
  expect(told(policy(all, [tokens(100)]), active('Narrow', bots, [tokens(500)]))).toContain(
    'Narrow tokens 500 in one day (UTC): never decides: its limit of 500 per day can never be reached, because this policy refuses calls beyond 100 per day',
  );
});

test('a policy from which somebody is exempt is partly lifted', () => {
  const exempt = { id: 'exm_1', kind: 'agent', target_id: 'promo', expires_at: '2026-12-02T00:00:00.000Z' } as const;
  expect(told(policy(all, [tokens(5)]), active('Cap', all, [tokens(4)], { exemptions: [exempt] }))[0]).toContain(
    'partly lifted: agent promo is exempt until 2026-12-02 00:00 UTC',
  );
});

test('models that never coincide, and callers that are excepted, do not meet', () => {
  const of_model = (model: string) => ({ ...all, when: { model: [model] } });
  expect(told(policy(of_model('gpt-4o'), [tokens(5)]), active('Other', of_model('claude*'), [tokens(4)]))).toHaveLength(
    1,
  );
  expect(told(policy(of_model('gpt-4o'), [tokens(5)]), active('Same', of_model('gpt*'), [tokens(4)]))).toHaveLength(2);
  const excepting = { kind: 'project', ids: ['billing'], except_ids: ['bot'] };
  expect(told(policy(bots, [tokens(5)]), active('Cap', excepting, [tokens(4)]))).toHaveLength(1);
});

test('every control is told once, whatever the others are and in whatever order they come', () => {
  const target = fc.constantFrom(all, bots, { kind: 'project', ids: ['billing'] });
  const control = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...actions))
    .map(([n, of]) => tokens(n, 'day', of));
  const controls = fc.array(control, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(target, controls, fc.array(fc.tuple(target, controls), { maxLength: 4 }), (of, own, others) => {
      const active_ones = others.map(([their, theirs], n) => active(String(n), their, theirs));
      const standings = (...them: ActivePolicy[]) =>
        whoElse({ document: policy(of, own), seen }, them, at_ms).map((row) => `${row.policy_name} ${row.standing}`);
      const rows = standings(...active_ones);
      expect(rows).toHaveLength(own.length + others.flatMap(([, theirs]) => theirs).length);
      expect(standings(...active_ones.reverse()).sort()).toEqual([...rows].sort());
    }),
  );
});
