import { z } from 'zod';
import { synthetic_filter } from '../activity/filter.ts';
import { count } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { violation } from '../policies/violation.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const figures = {
  stopped: count.meta({ description: 'Calls that it paused, blocked or killed' }),
  warned: count.meta({ description: 'Calls that it noted or warned of' }),
  shadow: count.meta({ description: 'Calls that it would have acted on' }),
};

const effect = z.object({
  policy_id: idOf('policy'),
  ...figures,
  last_at: instant,
  days: z.array(z.object({ day: z.string().meta({ description: 'In UTC' }), ...figures })),
});

/** A time that a control fired, and whose call it was. */
export const effect_example = z.object({ ...violation.shape, agent_slug: z.string().nullable() });

const effects = z
  .object({
    from: instant,
    items: z.array(effect).meta({ description: 'Policies that did anything; the others did nothing' }),
    by_agent: z
      .array(z.object({ agent_id: idOf('agent').nullable(), agent_slug: z.string().nullable(), ...figures }))
      .meta({ description: 'Of one policy: whom it met most' }),
    examples: z
      .array(effect_example)
      .meta({ description: 'Of one policy: the latest times that a control of it fired' }),
    generated_at: instant,
  })
  .meta({ id: 'PolicyEffects' });

/** What policies did. */
export const effect_endpoints = {
  listPolicyEffects: endpoint({
    method: 'GET',
    path: '/api/v1/policies/effects',
    summary: 'What policies stopped, warned of and would have stopped, day by day',
    permission: 'read',
    query: z.strictObject({
      days: z.coerce.number().int().min(1).max(90).default(7),
      policy_id: idOf('policy').optional(),
      version: z.coerce.number().int().min(1).max(1_000_000).optional().meta({
        description: 'What policies did as this version of them',
      }),
      only: z.literal('stopped').optional().meta({ description: 'Only calls that were paused, blocked or killed' }),
      ...synthetic_filter,
    }),
    answer: effects,
  }),
} satisfies Endpoints;
