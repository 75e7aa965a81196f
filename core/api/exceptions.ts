import { z } from 'zod';
import { reason, reference } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { exemption_kinds } from '../policies/exemption.ts';
import { factor, longest_override_h } from '../policies/override.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const amount = z.union([z.number(), z.string()]);

/** What overrides and exemptions have in common: why, by whom, and until when. */
const exception = {
  reason: z.string(),
  created_at: instant,
  created_by: z.string().meta({ description: 'The key that ordered it' }),
  expires_at: instant,
  ended_at: instant.nullable(),
  ended_by: z.string().nullable().meta({ description: 'Null: it has not ended, or its time had come' }),
  end_reason: z.string().nullable(),
  state: z.enum(['in_force', 'ended', 'expired', 'idle']).meta({ description: 'idle: its policy is not active' }),
  sentence: z.string(),
  url: z.string(),
};

export const override_object = z
  .object({
    id: idOf('override'),
    policy_id: idOf('policy'),
    policy_name: z.string(),
    control_id: idOf('control'),
    subject: z.string().nullable().meta({ description: 'The balance it concerns; null: all of the limit' }),
    amount: amount.nullable().meta({ description: "What is added, in the limit's own unit" }),
    factor: z.string().nullable(),
    unit: z.string().nullable().meta({ description: 'Null: the policy has this limit no more' }),
    base_cap: amount.nullable(),
    raised_cap: amount.nullable(),
    ...exception,
  })
  .meta({ id: 'Override' });
export type OverrideObject = z.infer<typeof override_object>;

export const exemption_object = z
  .object({
    id: idOf('exemption'),
    policy_id: idOf('policy'),
    policy_name: z.string(),
    kind: z.enum(exemption_kinds),
    target_id: z.string(),
    ...exception,
  })
  .meta({ id: 'Exemption' });
export type ExemptionObject = z.infer<typeof exemption_object>;

const until = instant.optional().meta({ description: 'Or say in how many hours' });

const new_override = z
  .strictObject({
    control_id: idOf('control'),
    subject: reference
      .optional()
      .meta({ description: 'Whose balance, as the state of the limit names it; absent: all' }),
    amount: amount.optional().meta({ description: 'What is added to the limit, in its own unit' }),
    factor: factor.optional().meta({ description: 'What the limit is multiplied by, above 1' }),
    expires_at: until,
    hours: z.number().positive().max(longest_override_h).optional(),
    reason,
  })
  .superRefine(({ amount: added, factor: times, expires_at, hours }, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if ((added === undefined) === (times === undefined))
      wrong('amount', 'or factor is needed, one of the two: by how much, or to which multiple');
    if ((expires_at === undefined) === (hours === undefined))
      wrong('expires_at', 'or hours is needed, one of the two: when it ends by itself');
  });

const new_exemption = z
  .strictObject({
    kind: z.enum(exemption_kinds),
    id: reference.meta({ description: 'Id or slug of what is exempt' }),
    expires_at: until,
    hours: z.number().positive().max(8784).optional(),
    reason,
  })
  .superRefine(({ expires_at, hours }, context) => {
    if ((expires_at === undefined) !== (hours === undefined)) return;
    const message = 'or hours is needed, one of the two: when it ends by itself';
    context.addIssue({ code: 'custom', path: ['expires_at'], message });
  });

const of_policy = z.strictObject({ id: idOf('policy') });
const list_query = page_query.extend({ in_force: z.stringbool().optional() });
const because = z.strictObject({ reason });

/** Exceptions from policies, for a time: limits raised, and subjects taken out. */
export const exception_endpoints = {
  createOverride: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/overrides',
    summary: 'Raise one limit for a time; once this answers, the raise holds on every replica',
    permission: 'activate_policies',
    params: of_policy,
    body: new_override,
    answer: override_object,
    status: 201,
  }),
  listOverrides: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/overrides',
    summary: 'List the overrides of a policy, newest first',
    permission: 'read',
    params: of_policy,
    query: list_query,
    answer: pageOf(override_object).meta({ id: 'OverridePage' }),
  }),
  listAllOverrides: endpoint({
    method: 'GET',
    path: '/api/v1/overrides',
    summary: 'List the overrides of all policies, newest first',
    permission: 'read',
    query: list_query,
    answer: pageOf(override_object).meta({ id: 'OverridePage' }),
  }),
  endOverride: endpoint({
    method: 'POST',
    path: '/api/v1/overrides/:id/end',
    summary: 'End an override before its time; once this answers, it holds nowhere',
    permission: 'activate_policies',
    params: z.strictObject({ id: idOf('override') }),
    body: because,
    answer: override_object,
  }),
  createExemption: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/exemptions',
    summary: 'Take a subject out of a policy for a time',
    permission: 'activate_policies',
    params: of_policy,
    body: new_exemption,
    answer: exemption_object,
    status: 201,
  }),
  listExemptions: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/exemptions',
    summary: 'List the exemptions from a policy, newest first',
    permission: 'read',
    params: of_policy,
    query: list_query,
    answer: pageOf(exemption_object).meta({ id: 'ExemptionPage' }),
  }),
  listAllExemptions: endpoint({
    method: 'GET',
    path: '/api/v1/exemptions',
    summary: 'List the exemptions from all policies, newest first',
    permission: 'read',
    query: list_query,
    answer: pageOf(exemption_object).meta({ id: 'ExemptionPage' }),
  }),
  endExemption: endpoint({
    method: 'POST',
    path: '/api/v1/exemptions/:id/end',
    summary: 'End an exemption before its time',
    permission: 'activate_policies',
    params: z.strictObject({ id: idOf('exemption') }),
    body: because,
    answer: exemption_object,
  }),
} satisfies Endpoints;
