import { describe, expect, test } from 'vitest';
import type { Call } from '../../activity/call.ts';
import { categories, severities, termination_reasons } from '../../activity/run.ts';
import { problem_catalog } from '../../base/error.ts';
import { decide } from '../decide.ts';
import type { Matched } from '../resolve.ts';
import type { Detector, Finding, RuleOf } from './define.ts';
import { detectors, rule_schema } from './index.ts';

const plain: Call = {
  asker: {
    tenant_id: 'ten_1',
    project: { id: 'prj_1', slug: 'default' },
    api_key: { id: 'key_1', lineage_id: 'key_1' },
    agent: null,
    actor: null,
    session: null,
    run_id: 'run_1',
  },
  kind: 'llm',
  provider: 'mock',
  model: 'mock-small',
  tools: [],
  tags: {},
};

const detected = (detector: Detector, { rule, call }: Detector['examples']['hit']): Finding =>
  detector.detect(rule, { ...plain, ...call });

function decided(rule: RuleOf, finding: Finding, more: Partial<Matched['control']> = {}) {
  const control = { id: 'ctl_1', rule, action: 'block' as const, ...more };
  const target = { kind: 'all_runs' as const, ids: [], except_ids: [] };
  const document = { name: 'x', target, mode: 'enforce' as const, controls: [control] };
  const matched: Matched = { policy: { id: 'pol_1', version: 1, mode: 'enforce', document }, control };
  return decide({ rules: [{ matched, finding }], lines: [], unmeasurable: [], output_bound: 0 });
}

describe.each([...detectors])('rule %s', (name, detector) => {
  const { hit, miss } = detector.examples;

  test('is registered under its name, and its examples are documents of its schema', () => {
    expect(detector.type).toBe(name);
    for (const { rule } of [hit, miss]) {
      expect(rule.type).toBe(name);
      expect(rule_schema.parse(rule)).toEqual(rule);
      expect(rule_schema.safeParse({ ...rule, colour: 'red' }).success).toBe(false);
      expect(rule_schema.safeParse({ ...rule, params: { ...rule.params, colour: 'red' } }).success).toBe(false);
    }
  });

  test('finds what it looks for and says why, and the call is refused', () => {
    const finding = detected(detector, hit);
    expect(finding).toEqual({ found: true, reason: expect.stringMatching(/\w{3}/) });
    const { verdict, deciding } = decided(hit.rule, finding);
    expect(verdict).toBe('block');
    expect(deciding).toMatchObject({ type: name, fired: true, ...detector.refusal });
    expect(problem_catalog[detector.refusal.code].status).toBe(403);
    expect(categories).toContain(detector.refusal.category);
    expect(severities).toContain(detector.refusal.severity);
    expect(termination_reasons).toContain(detector.refusal.termination);
  });

  test('finds nothing where nothing is, and the call passes', () => {
    const finding = detected(detector, miss);
    expect(finding).toEqual({ found: false });
    expect(decided(miss.rule, finding)).toMatchObject({ verdict: 'continue', deciding: null });
  });

  test('a check that could not look is a fact, never a pass: it refuses unless its control says otherwise', () => {
    const finding = { not_evaluated: true, reason: 'timed out' } as const;
    expect(decided(hit.rule, finding)).toMatchObject({
      verdict: 'block',
      deciding: { not_evaluated: true, reason: 'timed out' },
    });
    expect(decided(hit.rule, finding, { on_failure: 'continue' })).toMatchObject({
      verdict: 'continue',
      deciding: null,
    });
    expect(decided(hit.rule, finding, { action: 'warn' })).toMatchObject({ verdict: 'continue' });
    expect(decided(hit.rule, finding, { action: 'warn', on_failure: 'block' })).toMatchObject({ verdict: 'warn' });
    expect(decided(hit.rule, finding, { action: 'warn' }).contributions[0]).toMatchObject({
      not_evaluated: true,
      fired: false,
    });
  });
});

describe('model_access', () => {
  const find = (params: object, model: string, provider = 'openai') => {
    const detector = detectors.get('model_access');
    return detector?.detect(rule_schema.parse({ type: 'model_access', params }), { ...plain, provider, model });
  };

  test.each([
    [{ deny: ['o1'] }, 'o1', true],
    [{ deny: ['o1'] }, 'o1-mini', false],
    [{ deny: ['o1*'] }, 'o1-mini', true],
    [{ deny: ['openai/o1'] }, 'o1', true],
    [{ deny: ['azure/o1'] }, 'o1', false],
    [{ deny: ['*'] }, 'o1', true],
    [{ allow: ['o1'] }, 'o1', false],
    [{ allow: ['o1'] }, 'o1-mini', true],
    [{ allow: ['openai/*'] }, 'o1-mini', false],
    [{ allow: ['o1*'], deny: ['o1-pro'] }, 'o1-pro', true],
    [{ allow: ['o1*'], deny: ['o1-pro'] }, 'o1-mini', false],
    [{ allow: ['o1*'], deny: ['o1-pro'] }, 'gpt-4o', true],
  ])('%o finds %s: %s', (params, model, found) => {
    expect(find(params, model)).toMatchObject({ found });
  });
});
