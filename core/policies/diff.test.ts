import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffDocuments } from './diff.ts';
import { type PolicyDocument, policy_document } from './policy.ts';

const cost = (max: string, more: object = {}) => ({
  id: 'ctl_00000000000000000000000001',
  limit: { type: 'cost_usd', max, window: { per: 'day' } },
  action: 'block',
  ...more,
});
const policy = (more: object = {}): PolicyDocument =>
  policy_document.parse({ name: 'Cap', target: { kind: 'agent', ids: ['a', 'b'] }, controls: [cost('50')], ...more });
const words = (before: PolicyDocument, after: PolicyDocument) => diffDocuments(before, after).map((of) => of.words);

test('says field by field what became of a policy', () => {
  const after = policy({
    name: 'Cap of the bots',
    owner: 'ops',
    target: { kind: 'agent', ids: ['b', 'c'], when: { model: ['gpt-4o'] } },
    mode: 'shadow',
    controls: [cost('75', { action: 'warn' })],
  });
  expect(words(policy(), after).sort()).toEqual([
    'Limit on cost: at most: $50.00 becomes $75.00',
    'Limit on cost: then: block becomes warn',
    'Mode: enforced becomes shadow',
    'Name: "Cap" becomes "Cap of the bots"',
    'Only: model gpt-4o added',
    'Owner: "ops" added',
    'Whose calls: a removed',
    'Whose calls: c added',
  ]);
});

test('as data: path, what changed, before and after', () => {
  expect(diffDocuments(policy(), policy({ controls: [cost('75')] }))).toEqual([
    {
      path: 'controls[0].limit.max',
      change: 'changed',
      before: '50.000000000',
      after: '75.000000000',
      words: 'Limit on cost: at most: $50.00 becomes $75.00',
    },
  ]);
});

test('ids are called by the names that are known', () => {
  const key = (id: string) => policy({ target: { kind: 'api_key', ids: [id] } });
  const names = new Map([['key_1', 'Production']]);
  expect(diffDocuments(key('key_1'), key('key_2'), names).map((of) => of.words)).toEqual([
    'Whose calls: Production removed',
    'Whose calls: key_2 added',
  ]);
});

test('controls are followed by their ids: one that moved did not change, one with another id is another', () => {
  const other = { id: 'ctl_00000000000000000000000002', limit: { type: 'concurrency', max: 4 }, action: 'block' };
  const both = policy({ controls: [cost('50'), other] });
  expect(words(both, policy({ controls: [other, cost('50')] }))).toEqual([]);
  expect(words(policy(), both)).toEqual([
    'Control 2, limit on calls in flight: calls in flight 4 at one time, then block added',
  ]);
  expect(words(both, policy({ controls: [other] }))).toEqual([
    'Control 1, limit on cost: cost $50.00 in one day (UTC), then block removed',
  ]);
});

test('there is a difference exactly where two documents say different things', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const documents = fc
    .record({
      name: fc.constantFrom('x', 'y'),
      ids: names,
      tags: fc.option(fc.uniqueArray(fc.constantFrom('t', 'u')), { nil: undefined }),
      max: fc.constantFrom('1', '2'),
      mode: fc.constantFrom('enforce', 'shadow'),
    })
    .map(({ ids, max, ...more }) => policy({ ...more, target: { kind: 'agent', ids }, controls: [cost(max)] }));
  const asSets = (of: PolicyDocument) =>
    JSON.stringify({
      ...of,
      tags: of.tags && [...of.tags].sort(),
      target: { ...of.target, ids: [...of.target.ids].sort() },
    });
  fc.assert(
    fc.property(documents, documents, (a, b) => {
      expect(diffDocuments(a, b).length === 0).toBe(asSets(a) === asSets(b));
      expect(diffDocuments(b, a).length).toBe(diffDocuments(a, b).length);
    }),
  );
});
