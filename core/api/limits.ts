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
    cap: amount,
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
    /** More subjects than `items` holds. */
    next_cursor: z.string().nullable(),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'Limit' });
export type LimitObject = z.infer<typeof limit_object>;

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
} satisfies Endpoints;
