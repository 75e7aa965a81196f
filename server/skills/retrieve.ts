import { z } from 'zod';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({
  source: z.string().min(1).max(256),
  query: z.string().min(1).max(10_000),
  limit: z.int().min(1).max(100).default(8),
});

/** Searches a document source. */
export const retrieve = defineSkill({
  name: 'retrieve',
  title: 'search documents',
  kind: 'retrieval',
  params,
  effects: 'none',
  cost: 'what the source costs',
  failures: { source_not_configured: 'there is no document source of this name' },
  examples: {
    good: [{ source: 'handbook', query: 'holidays', limit: 3 }],
    bad: [{ query: 'x' }, { source: 'handbook' }],
  },
  async work({ source }) {
    throw new SkillFailure('source_not_configured', `There is no document source "${source}".`);
  },
});
