import { limit_types } from '@aos/core/policies/limits/index.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { expect, test } from 'vitest';
import { documentOf, draftOf, watched, watchedValue, watching } from './policy-draft.ts';
import { blank, templates } from './policy-templates.ts';

test('the wizard offers every type of limit with the windows it has', () => {
  const offered = watched.map(({ type, windows }) => [type, [...windows]]);
  const known = [...limit_types.values()].map(({ type, windows }) => [type, windows.filter((of) => of !== 'now')]);
  expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(known));
});

test.each(Object.entries(templates))('the template %s is a policy once it has a target', (_, { draft }) => {
  const controls = draft.controls.map((of) =>
    of.rule ? { ...of, rule: { ...of.rule, params: { allow: ['gpt-4o*'] } } } : of,
  );
  const target = draft.target.kind === 'all_runs' ? draft.target : { ...draft.target, ids: ['support-bot'] };
  expect(policy_document.safeParse(documentOf({ ...draft, controls, target })).error).toBeUndefined();
});

test.each(watched)('a control that comes to watch $name is whole but for its amount', ({ type, counts, is_money }) => {
  const [control] = blank.controls;
  if (!control) throw new Error('a blank policy has a control');
  const made = watching({ ...control, id: 'ctl_1' }, watchedValue({ type, counts }));
  expect(made.id).toBeUndefined();
  const limit = { ...made.limit, type, max: is_money ? '1,000.50' : '1_000' };
  const target = { ...blank.target, ids: ['a'] };
  const parsed = policy_document.parse(documentOf({ ...blank, target, controls: [{ ...made, limit }] }));
  expect(Number(parsed.controls[0]?.limit?.max)).toBe(is_money ? 1000.5 : 1000);
  expect(parsed.controls[0]?.limit).toMatchObject(counts ? { type, counts } : { type });
});

test('a stored document comes back as it was', () => {
  const stored = policy_document.parse({
    name: 'Two controls',
    owner: 'ana',
    target: { kind: 'agent', ids: ['a'], when: { model: ['gpt-4o*'] } },
    mode: 'enforce',
    controls: [
      {
        limit: {
          type: 'cost_usd',
          max: '5',
          window: { per: 'day' },
          declared_price: { input_usd: '1', output_usd: '2' },
        },
        action: 'pause',
        pause: { wait_seconds: 5 },
      },
      { rule: { type: 'model_access', params: { deny: ['o1'] } }, action: 'block', on_failure: 'continue' },
    ],
  });
  expect(policy_document.parse(documentOf(draftOf(stored as never)))).toEqual(stored);
});
