import { z } from 'zod';
import { synthetic_filter } from '../activity/filter.ts';
import { count } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

/** Policies asked about at once. */
export const most_evaluated = 200;

const evaluated = z
  .object({
    from: instant,
    items: z
      .array(
        z.object({
          policy_id: idOf('policy'),
          since: instant.meta({
            description: 'From when on it took the calls that it takes now, `from` at the earliest',
          }),
          evaluated: count.nullable().meta({
            description:
              'Calls of models that its target took, 10,000 at most; null: it asks for tools, which records do not keep, or there are too many calls to look through',
          }),
          evaluated_is_exact: z.boolean().meta({ description: 'False: there are more' }),
        }),
      )
      .meta({ description: 'Of those asked about, the policies that are in force' }),
    generated_at: instant,
  })
  .meta({ id: 'PoliciesEvaluated' });

const kept_out_by = ['target', 'excepted', 'model', 'provider', 'tag'] as const;

export const policy_matches = z
  .object({
    policy_id: idOf('policy'),
    version: z
      .int()
      .nullable()
      .meta({ description: 'With which it began to take the calls it takes now; null: it is not in force' }),
    since: instant.nullable(),
    calls: count.meta({ description: 'Calls of models since then, the latest 10,000 at most' }),
    calls_is_exact: z.boolean().meta({ description: 'False: there are more' }),
    matched: count
      .nullable()
      .meta({ description: 'Those that it took; null: it asks for tools, which records do not keep' }),
    kept_out: z
      .array(
        z.object({
          by: z.enum(kept_out_by).meta({ description: 'The first of its conditions that they do not meet' }),
          calls: count,
          words: z.string().meta({ description: 'The condition in words' }),
        }),
      )
      .meta({ description: 'Why the others were not taken, most calls first' }),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'PolicyMatches' });

/** Which calls policies take. */
export const match_endpoints = {
  listEvaluated: endpoint({
    method: 'GET',
    path: '/api/v1/policies/evaluated',
    summary: 'How many calls policies in force evaluated in the last days',
    permission: 'read',
    query: z.strictObject({
      days: z.coerce.number().int().min(1).max(30).default(7),
      policy_id: z
        .preprocess(
          (value) => (typeof value === 'string' ? [value] : value),
          z.array(idOf('policy')).max(most_evaluated),
        )
        .optional()
        .meta({ description: `Up to ${most_evaluated}; none: the newest that are in force` }),
      ...synthetic_filter,
    }),
    answer: evaluated,
  }),
  getMatches: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/matches',
    summary: 'How many of the calls since a policy is in force it took, and what kept the others out',
    permission: 'read',
    params: z.strictObject({ id: idOf('policy') }),
    query: z.strictObject(synthetic_filter),
    answer: policy_matches,
  }),
} satisfies Endpoints;
