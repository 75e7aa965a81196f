import { any_json } from '@aos/core/base/json.ts';
import { z } from 'zod';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({
  tool: z.string().min(1).max(256),
  arguments: z.record(z.string(), any_json).default({}),
});

/** Calls a tool. What a tool does outside may happen only once. */
export const tool = defineSkill({
  name: 'tool',
  title: 'call a tool',
  kind: 'tool',
  params,
  effects: 'once',
  cost: 'what the tool costs',
  failures: { source_not_configured: 'there is no tool of this name' },
  examples: { good: [{ tool: 'search_orders', arguments: { id: 7 } }], bad: [{}, { tool: '' }] },
  async work({ tool: name }) {
    throw new SkillFailure('source_not_configured', `There is no tool "${name}".`);
  },
});
