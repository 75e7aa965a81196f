import { any_json } from '@aos/core/base/json.ts';
import jmespath from 'jmespath';
import { z } from 'zod';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({
  input: any_json,
  /** JMESPath: https://jmespath.org/specification.html */
  expression: z.string().min(1).max(2_000),
});

/** Picks and reshapes what earlier steps gave, by a JMESPath expression. Pure: no model, no network. */
export const transform = defineSkill({
  name: 'transform',
  title: 'reshape data',
  kind: 'transform',
  params,
  effects: 'none',
  cost: 'nothing',
  failures: { expression_invalid: 'the expression is no JMESPath, or does not fit the data' },
  examples: {
    good: [{ input: { a: [1, 2] }, expression: 'a[0]' }],
    bad: [{ input: {} }, { input: {}, expression: '' }],
  },
  async work({ input, expression }) {
    try {
      return (jmespath.search(input, expression) ?? null) as never;
    } catch (error) {
      throw new SkillFailure('expression_invalid', `expression "${expression}": ${(error as Error).message}`);
    }
  },
});
