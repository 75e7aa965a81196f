import { z } from 'zod';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({ source: z.string().min(1).max(256), sql: z.string().min(1).max(100_000) });

/** Asks a database. */
export const query = defineSkill({
  name: 'query',
  title: 'query a database',
  kind: 'query',
  params,
  effects: 'none',
  cost: 'what the database costs',
  failures: { source_not_configured: 'there is no database source of this name' },
  examples: {
    good: [{ source: 'warehouse', sql: 'table orders' }],
    bad: [{ source: 'warehouse' }, { sql: 'table orders' }],
  },
  async work({ source }) {
    throw new SkillFailure('source_not_configured', `There is no database source "${source}".`);
  },
});
