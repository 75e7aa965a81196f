import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../activity/call.ts';
import { epochMs } from '../base/time.ts';
import { indexPolicies, keptOut, resolve } from './resolve.ts';
import { type ActivePolicy, snapshotOf } from './snapshot.ts';
import { type Target, type TargetKind, target, target_kinds } from './target.ts';

const call: Call = {
  asker: {
    tenant_id: 'ten_1',
    project: { id: 'prj_1', slug: 'web' },
    api_key: { id: 'key_2', lineage_id: 'key_1' },
    agent: { id: 'agt_1', slug: 'bot' },
    actor: { id: 'act_1', slug: 'ann', kind: 'human' },
    session: null,
    run_id: 'run_1',
  },
  kind: 'llm',
  provider: 'openai',
  model: 'gpt-4o',
  tools: ['search'],
  tags: { team: 'x', beta: '' },
};
const at_ms = epochMs('2026-11-22T12:00:00.000Z');

const policyOf = (of: object, id = 'pol_1', more: object = {}): ActivePolicy => ({
  id,
  version: 1,
  mode: 'enforce',
  document: {
    name: id,
    mode: 'enforce',
    target: target.parse(of),
    controls: [{ id: `ctl_${id}`, action: 'block' }],
    ...more,
  },
});

const applies = (of: object, to: Partial<Call> = {}): boolean =>
  resolve(indexPolicies('snp_1', snapshotOf([policyOf(of)])), { ...call, ...to }, at_ms).length > 0;

const by = (asker: Partial<Call['asker']>): Partial<Call> => ({ asker: { ...call.asker, ...asker } });

describe('a target', () => {
  test.each<[object, boolean]>([
    [{ kind: 'all_runs' }, true],
    [{ kind: 'project', ids: ['prj_1'] }, true],
    [{ kind: 'project', ids: ['web'] }, true],
    [{ kind: 'project', ids: ['other'] }, false],
    [{ kind: 'agent', ids: ['x', 'bot'] }, true],
    [{ kind: 'agent', ids: ['agt_1'] }, true],
    [{ kind: 'agent', ids: ['web'] }, false],
    [{ kind: 'api_key', ids: ['key_1'] }, true],
    [{ kind: 'api_key', ids: ['key_2'] }, false],
    [{ kind: 'actor', ids: ['ann'] }, true],
    [{ kind: 'actor', ids: ['Ann'] }, false],
    [{ kind: 'agent', ids: ['bot'], except_ids: ['ann'] }, false],
    [{ kind: 'all_runs', except_ids: ['prj_1'] }, false],
    [{ kind: 'all_runs', except_ids: ['key_1'] }, false],
    [{ kind: 'all_runs', except_ids: ['other'] }, true],
    [{ kind: 'all_runs', when: { model: ['gpt-4o'] } }, true],
    [{ kind: 'all_runs', when: { model: ['o1', 'openai/gpt-4o'] } }, true],
    [{ kind: 'all_runs', when: { model: ['gpt-4*'] } }, true],
    [{ kind: 'all_runs', when: { model: ['gpt-4'] } }, false],
    [{ kind: 'all_runs', when: { model: ['azure/gpt-4o'] } }, false],
    [{ kind: 'all_runs', when: { provider: ['openai'] } }, true],
    [{ kind: 'all_runs', when: { provider: ['mock'] } }, false],
    [{ kind: 'all_runs', when: { tool: ['search', 'x'] } }, true],
    [{ kind: 'all_runs', when: { tool: ['x'] } }, false],
    [{ kind: 'all_runs', when: { tag: ['team=x'] } }, true],
    [{ kind: 'all_runs', when: { tag: ['team'] } }, true],
    [{ kind: 'all_runs', when: { tag: ['beta='] } }, true],
    [{ kind: 'all_runs', when: { tag: ['team=y'] } }, false],
    [{ kind: 'all_runs', when: { tag: ['constructor'] } }, false],
    [{ kind: 'all_runs', when: { model: ['gpt-4o'], provider: ['mock'] } }, false],
    [{ kind: 'agent', ids: ['bot'], when: { model: ['gpt-4o'], tool: ['search'], tag: ['team=x'] } }, true],
  ])('%o applies: %s', (of, expected) => {
    expect(applies(of)).toBe(expected);
  });

  test('for actors applies to humans only, and to nobody when there is no actor', () => {
    const of = { kind: 'actor', ids: ['ann'] };
    expect(applies(of, by({ actor: { id: 'act_1', slug: 'ann', kind: 'service' } }))).toBe(false);
    expect(applies(of, by({ actor: null }))).toBe(false);
  });
});

test('a policy that names a subject by id and by slug applies once', () => {
  const both = policyOf({ kind: 'agent', ids: ['bot', 'agt_1', 'bot'] });
  expect(resolve(indexPolicies('snp_1', { policies: [both] }), call, at_ms)).toHaveLength(1);
});

test('a policy applies until just before it expires', () => {
  const until = (expires_at: string) => policyOf({ kind: 'all_runs' }, 'pol_1', { expires_at });
  const count = (expires_at: string) =>
    resolve(indexPolicies('snp_1', { policies: [until(expires_at)] }), call, at_ms).length;
  expect(count('2026-11-22T12:00:00.001Z')).toBe(1);
  expect(count('2026-11-22T12:00:00.000Z')).toBe(0);
});

test('a policy applies from the very instant at which it starts', () => {
  const from = (start_at: string) => policyOf({ kind: 'all_runs' }, 'pol_1', { start_at });
  const count = (start_at: string) =>
    resolve(indexPolicies('snp_1', { policies: [from(start_at)] }), call, at_ms).length;
  expect(count('2026-11-22T12:00:00.000Z')).toBe(1);
  expect(count('2026-11-22T12:00:00.001Z')).toBe(0);
  expect(keptOut(from('2026-11-22T12:00:00.001Z'), call, at_ms)).toBe('scheduled');
});

test('the index finds what looking at every policy finds', () => {
  const name = fc.constantFrom('prj_1', 'web', 'agt_1', 'bot', 'act_1', 'ann', 'key_1', 'key_2', 'other');
  const names = fc.array(name, { maxLength: 3 });
  const targets = fc
    .record({
      kind: fc.constantFrom(...target_kinds),
      ids: names,
      except_ids: names,
      model: fc.option(fc.constantFrom('gpt-4o', 'o1', 'gpt*')),
    })
    .filter(({ kind, ids }) => (kind === 'all_runs') === (ids.length === 0));
  const known: Record<TargetKind, string[]> = {
    project: ['prj_1', 'web'],
    agent: ['agt_1', 'bot'],
    actor: ['act_1', 'ann'],
    api_key: ['key_1'],
    all_runs: [],
  };
  const every = Object.values(known).flat();
  fc.assert(
    fc.property(fc.array(targets, { maxLength: 20 }), (list) => {
      const policies = list.map(({ model, ...of }, n) =>
        policyOf({ ...of, ...(model && { when: { model: [model] } }) }, `pol_${n}`),
      );
      const expected = list.flatMap(({ kind, ids, except_ids, model }, n) => {
        const is_target = kind === 'all_runs' || ids.some((id) => known[kind].includes(id));
        const is_excepted = except_ids.some((id) => every.includes(id));
        return is_target && !is_excepted && model !== 'o1' ? [`pol_${n}`] : [];
      });
      const found = resolve(indexPolicies('snp_1', snapshotOf(policies)), call, at_ms).map(({ policy }) => policy.id);
      expect(found.sort()).toEqual(expected.sort());
    }),
    { numRuns: 1000 },
  );
});

test('a snapshot is the same whatever order its policies came in', () => {
  const policies = ['pol_3', 'pol_1', 'pol_2'].map((id) =>
    policyOf({ kind: 'all_runs' } satisfies Partial<Target>, id),
  );
  expect(snapshotOf(policies)).toEqual(snapshotOf([...policies].reverse()));
});
