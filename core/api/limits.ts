import { z } from 'zod';
import { words } from '../activity/filter.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { policy_mode, policy_statuses } from '../policies/policy.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_control = z.strictObject({ id: idOf('control') });

const amount = z.union([z.number(), z.string()]);

/** How full a limit is for one subject, in the limit's own unit. */
const gauge = z
  .object({
    subject: z.string().meta({ description: 'Whose balance it is; `*` when all is counted together' }),
    unit: z.string(),
    cap: amount.meta({ description: 'What is allowed now' }),
    base_cap: amount.meta({ description: 'What the policy says; an override may raise it for a time' }),
    override: z.object({ id: idOf('override'), expires_at: instant }).nullable(),
    posted: amount,
    pending: amount,
    remaining: amount,
    window: z.object({ start: instant.nullable(), end: instant.nullable() }),
    resets_at: instant.nullable(),
    burn: amount.nullable().meta({ description: 'Units per minute of the window so far' }),
    empties_at: instant.nullable(),
  })
  .meta({ id: 'Gauge' });

/** A limit with its state: counted together, the one number itself; `items` has one gauge for each subject. */
export const limit_object = z
  .object({
    /** The id of the control. */
    id: idOf('control'),
    policy_id: idOf('policy'),
    policy_name: z.string(),
    policy_version: z.int(),
    status: z.enum(policy_statuses),
    mode: policy_mode,
    action: z.string(),
    enforced: z.boolean().meta({ description: 'Calls beyond the cap are refused now' }),
    type: z.string(),
    title: z.string(),
    count_per: z.string(),
    limit: z.unknown(),
    alert_tiers: z.array(z.int()),
    ...gauge.shape,
    subject: z.string().nullable(),
    posted: amount.nullable(),
    pending: amount.nullable(),
    remaining: amount.nullable(),
    items: z.array(gauge),
    next_cursor: z.string().nullable().meta({
      description: 'More subjects than `items` holds: the fullest come first, those of runs and sessions the newest',
    }),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'Limit' });
export type LimitObject = z.infer<typeof limit_object>;

const consumer = z.object({
  id: z.string().nullable(),
  name: z.string().nullable(),
  calls: z.int(),
  amount,
});

const history = z
  .object({
    id: idOf('control'),
    subject: z.string(),
    unit: z.string(),
    cap: amount,
    window: gauge.shape.window,
    points: z
      .array(z.object({ at: instant, used: amount }))
      .meta({ description: 'What had been used at these instants; the last one is now, and is the balance itself' }),
    by_agent: z.array(consumer).meta({ description: 'Who used most of it in the window' }),
    by_api_key: z.array(consumer),
    generated_at: instant,
  })
  .meta({ id: 'LimitHistory' });
export type LimitHistory = z.infer<typeof history>;

export const limit_endpoints = {
  listLimits: endpoint({
    method: 'GET',
    path: '/api/v1/limits',
    summary: 'List the limits of policies with their present state',
    permission: 'read',
    query: z.strictObject({
      ...page_query.shape,
      status: words(policy_statuses).meta({ description: 'Of the policy; absent: all that are not retired' }),
      policy_id: idOf('policy').optional(),
    }),
    answer: pageOf(limit_object),
  }),
  getLimitState: endpoint({
    method: 'GET',
    path: '/api/v1/limits/:id/state',
    summary: 'Get the present state of a limit, by the id of its control',
    permission: 'read',
    params: of_control,
    query: z.strictObject({ ...page_query.shape, subject: z.string().min(1).max(300).optional() }),
    answer: limit_object,
  }),
  getLimitHistory: endpoint({
    method: 'GET',
    path: '/api/v1/limits/:id/history',
    summary: 'How a limit was used in its present window, and by whom, from stored calls',
    permission: 'read',
    params: of_control,
    query: z.strictObject({ subject: z.string().min(1).max(300).optional() }),
    answer: history,
  }),
} satisfies Endpoints;
