import { z } from 'zod';
import { reason } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { policy_case } from '../policies/cases.ts';
import { contribution, verdicts } from '../policies/decision-object.ts';
import { policy_statuses } from '../policies/policy.ts';
import { type Endpoints, endpoint } from './endpoint.ts';
import { field_change } from './policies.ts';

const text = z.string().max(4_000_000);

/** Policies as they are kept in files; see `policy_file` in core/policies/file.ts and /schema/policy.json. */
const sent_policies = {
  documents: z.array(z.unknown()).max(2000).optional().meta({ description: 'Policy documents, each with a status' }),
  yaml: text.optional().meta({ description: 'The same as YAML: one policy in each document, or a list' }),
  files: z
    .array(z.strictObject({ path: z.string().min(1).max(500), text }))
    .max(2000)
    .optional()
    .meta({ description: 'YAML texts with their paths, which are kept and named in errors' }),
};

const one_form = (sent: Record<string, unknown>, context: z.core.$RefinementCtx): void => {
  const given = Object.keys(sent_policies).filter((name) => sent[name] !== undefined);
  if (given.length === 1) return;
  const message = 'is needed, or yaml or files instead of it: send the policies in one of the three forms';
  context.addIssue({ code: 'custom', path: ['documents'], message });
};

/** Policies and controls of files have no ids yet: they are named by slug and place. */
const case_contribution = contribution.extend({ policy_id: z.string(), control_id: z.string() });

const planned = z
  .object({
    slug: z.string().meta({ description: 'What the policy is recognised by: its name in small letters' }),
    name: z.string(),
    place: z.string().nullable().meta({ description: 'Where it stands in what was sent; null: nowhere' }),
    action: z.enum(['create', 'update', 'unchanged', 'retire']),
    policy_id: idOf('policy').nullable().meta({ description: 'Null: it is not made yet' }),
    version: z.int().nullable(),
    status_before: z.enum(policy_statuses).nullable(),
    status: z.enum(policy_statuses),
    drifted: z.boolean().meta({ description: 'It was changed by hand after its file was applied' }),
    changes: z.array(field_change),
    warnings: z.array(z.string()),
    sentence: z.string(),
    url: z.string().nullable(),
  })
  .meta({ id: 'PlannedPolicy' });
export type PlannedObject = z.infer<typeof planned>;

const case_result = z
  .object({
    name: z.string(),
    passed: z.boolean(),
    message: z.string().nullable().meta({ description: 'What is wrong; null: it passed' }),
    decision: z.enum(verdicts).nullable().meta({ description: 'Null: the case could not be decided' }),
    shadow_decision: z.enum(verdicts).nullable(),
    control: z.string().nullable().meta({ description: 'The deciding one, as `<policy>.<type>`' }),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    contributions: z.array(case_contribution),
  })
  .meta({ id: 'PolicyCaseResult' });

const drift = z
  .object({
    policy_id: idOf('policy'),
    slug: z.string(),
    name: z.string(),
    origin: z.string().nullable(),
    status: z.enum(policy_statuses),
    applied_version: z.int().nullable(),
    version: z.int(),
    drifted: z.boolean(),
    changes: z.array(field_change).meta({ description: 'What was changed by hand since the file was applied' }),
    url: z.string(),
  })
  .meta({ id: 'PolicyDrift' });

export const policy_file_endpoints = {
  applyPolicies: endpoint({
    method: 'POST',
    path: '/api/v1/policies/apply',
    summary: 'Make the policies that are kept in files what their files say, all or none',
    permission: 'write_policies',
    body: z
      .strictObject({
        ...sent_policies,
        dry_run: z.boolean().default(false),
        prune: z.boolean().default(false).meta({ description: 'Retire policies from files that are not among these' }),
        origin: z
          .string()
          .min(1)
          .max(500)
          .optional()
          .meta({ description: 'Where they come from, for example a commit' }),
        reason,
      })
      .superRefine(one_form),
    answer: z
      .object({
        dry_run: z.boolean(),
        counts: z.object({ create: z.int(), update: z.int(), unchanged: z.int(), retire: z.int() }),
        policies: z.array(planned),
        not_sent: z
          .array(z.object({ policy_id: idOf('policy'), slug: z.string(), name: z.string() }))
          .meta({ description: 'Policies from files that are not among these, and stay' }),
      })
      .meta({ id: 'PolicyPlan' }),
  }),
  testPolicies: endpoint({
    method: 'POST',
    path: '/api/v1/policies/test',
    summary: 'Whether policies decide as expected: cases of a call, what was used before, and the decision',
    permission: 'read',
    body: z
      .strictObject({
        ...sent_policies,
        cases: z.array(policy_case).max(2000).optional(),
        cases_yaml: text.optional().meta({ description: 'The cases as YAML: a list, or one in each document' }),
        with_active: z.boolean().default(false).meta({ description: 'Beside the policies that are in force' }),
      })
      .superRefine(one_form)
      .superRefine(({ cases, cases_yaml }, context) => {
        if ((cases === undefined) !== (cases_yaml === undefined)) return;
        const message = 'is needed, or cases_yaml instead of it: what is given, and what is expected';
        context.addIssue({ code: 'custom', path: ['cases'], message });
      }),
    answer: z
      .object({ passed: z.int(), failed: z.int(), results: z.array(case_result) })
      .meta({ id: 'PolicyTestReport' }),
  }),
  listPolicyDrift: endpoint({
    method: 'GET',
    path: '/api/v1/policies/drift',
    summary: 'Policies that are kept in files, and what was changed by hand since they were applied',
    permission: 'read',
    query: z.strictObject({ drifted: z.stringbool().optional() }),
    answer: z.object({ items: z.array(drift), generated_at: instant }).meta({ id: 'PolicyDriftList' }),
  }),
} satisfies Endpoints;
