import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { totals } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

export const named_kinds = ['agent', 'project', 'api_key', 'actor'] as const;
export type NamedKind = (typeof named_kinds)[number];

const without_nul = (text: string): boolean => !text.includes('\0');
const text = z.string().trim().min(1).max(256).refine(without_nul, 'must not contain NUL characters');

const targets_query = z.strictObject({
  kind: z.enum(named_kinds),
  q: text.optional().meta({ description: 'Text in the id or a name' }),
  value: z
    .preprocess((of) => (typeof of === 'string' ? [of] : of), z.array(text).min(1).max(50))
    .optional()
    .meta({ description: 'Only these, as `ids` of a target names them' }),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type TargetsQuery = z.infer<typeof targets_query>;

export const target_option = z
  .object({
    value: z.string().meta({ description: 'What `ids` of a target says for it' }),
    name: z.string(),
    hint: z.string().nullable().meta({ description: 'Of a key: its visible end' }),
    runs: count.nullable().meta({
      description: 'Runs begun since `from`, those of a demo in the project demo only; null: too many to count in time',
    }),
    cost_usd: usd.nullable().meta({ description: 'Of these runs' }),
    has_unpriced: z.boolean().meta({ description: 'Calls of them have no price: not part of cost_usd' }),
  })
  .meta({ id: 'TargetOption' });
export type TargetOption = z.infer<typeof target_option>;

const targets = z
  .object({
    items: z.array(target_option).meta({ description: 'Most runs first' }),
    ...totals,
    unknown: z
      .array(z.object({ text: z.string(), nearest: z.string().nullable() }))
      .meta({ description: 'What was asked for and nobody has, with what was most likely meant' }),
    from: instant.meta({ description: 'Seven days ago' }),
    generated_at: instant,
  })
  .meta({ id: 'Targets' });

/** Whom a policy may be about. */
export const target_endpoints = {
  listTargets: endpoint({
    method: 'GET',
    path: '/api/v1/policies/targets',
    summary: 'Whom a policy may name as its target, with their runs and cost of the last seven days',
    permission: 'read',
    query: targets_query,
    answer: targets,
  }),
} satisfies Endpoints;
