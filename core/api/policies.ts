import { z } from 'zod';
import { namesOf, words } from '../activity/filter.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { actions } from '../policies/action.ts';
import { control_types } from '../policies/control.ts';
import { policy, policy_document, policy_mode, policy_statuses } from '../policies/policy.ts';
import { target_kinds } from '../policies/target.ts';
import { standings } from '../policies/who-else.ts';
import { type Endpoints, endpoint } from './endpoint.ts';
import { limit_object } from './limits.ts';

const without_nul = (text: string): boolean => !text.includes('\0');

/** Why something was done: kept in the ledger for good. */
const reason = z.string().trim().min(1).max(500).refine(without_nul, 'must not contain NUL characters');

const of_policy = z.strictObject({ id: idOf('policy') });

const author_name = z
  .string()
  .nullable()
  .meta({ description: 'What the person or key is called; null: somebody outside of the project of the caller' });

const second_person = z
  .object({
    projects: z.array(z.string()).meta({ description: 'Slugs of those the caller may see' }),
    written_by: z.array(z.object({ id: z.string(), name: author_name })),
    is_you: z.boolean().meta({ description: 'The caller is among those who wrote it, so somebody else must' }),
  })
  .meta({
    description: 'It is not enforced, and a project that it may reach lets nobody enforce what they wrote themselves',
  });

/** A policy as it is read: the document that was written, with the ids of its controls, and what became of it. */
export const policy_object = z
  .object({
    ...policy.omit({ document: true }).shape,
    ...policy_document.shape,
    mode: policy_mode,
    managed_by: z
      .object({
        slug: z.string(),
        origin: z.string().nullable(),
        applied_version: z.int().nullable(),
        drifted: z.boolean().meta({ description: 'Changed by hand since its file was applied' }),
      })
      .nullable()
      .meta({ description: 'The file it is kept in; null: none' }),
    /** The policy in one English sentence. */
    sentence: z.string(),
    allows: z
      .array(z.string())
      .meta({ description: 'What each of its controls allows, in a few words, in their order' }),
    updated_by: z.string().meta({ description: 'Who made its latest version' }),
    updated_by_name: author_name,
    updated_because: z.string().nullable().meta({ description: 'Why, as they said it; null: a draft needs no reason' }),
    second_person: second_person.nullable().meta({ description: 'Null: whoever may activate policies may enforce it' }),
    /** The set of active policies it is in force with; null unless it is active. */
    snapshot_id: idOf('snapshot').nullable(),
    /** What would keep it from doing what it seems to promise. */
    warnings: z.array(z.string()),
    url: z.string(),
  })
  .meta({ id: 'Policy' });
export type PolicyObject = z.infer<typeof policy_object>;

/** A policy as it was after one change. */
const policy_version = z
  .object({
    policy_id: idOf('policy'),
    version: z.int(),
    status: z.enum(policy_statuses),
    mode: policy_mode,
    document: policy_document,
    sentence: z.string(),
    author: z.string(),
    author_name,
    reason: z.string().nullable(),
    created_at: instant,
    url: z.string(),
  })
  .meta({ id: 'PolicyVersion' });

const version_number = z.coerce.number().int().min(1);

export const field_change = z
  .object({
    path: z.string(),
    change: z.enum(['added', 'removed', 'changed']),
    before: z.unknown(),
    after: z.unknown(),
    words: z.string(),
  })
  .meta({ id: 'FieldChange' });

const version_diff = z
  .object({
    policy_id: idOf('policy'),
    from: z.int(),
    to: z.int(),
    changes: z.array(field_change),
    sentence_before: z.string(),
    sentence_after: z.string(),
    author: z.string().meta({ description: 'Who made `to`' }),
    reason: z.string().nullable(),
    url: z.string(),
  })
  .meta({ id: 'PolicyVersionDiff' });

const lint_finding = z
  .object({
    level: z.enum(['error', 'refusal', 'warning']).meta({
      description: 'error: it is no policy; refusal: it may not become active; warning: it may',
    }),
    path: z.string(),
    message: z.string(),
    code: z
      .enum(['unbound_keys'])
      .optional()
      .meta({ description: 'What is to be mended, where that is not the policy: keys are to be bound' }),
  })
  .meta({ id: 'PolicyFinding' });

const deciding = z
  .object({
    policy_id: idOf('policy').nullable().meta({ description: 'Null: the policy that was sent' }),
    policy_name: z.string(),
    mode: policy_mode,
    control: z.int().meta({ description: 'Its place among the controls of its policy, from 0' }),
    control_id: idOf('control').nullable().meta({ description: 'Null: it has none yet' }),
    action: z.enum(actions),
    allows: z.string().meta({ description: 'What it allows, in a few words' }),
    standing: z
      .enum(standings)
      .meta({ description: 'How it stands to the policy that was sent, once that is enforced' }),
    words: z.string().meta({ description: 'The same in words' }),
    state: limit_object.nullable().meta({ description: 'How full it is now; null: it is no limit, or is not stored' }),
    url: z.string().nullable(),
  })
  .meta({ id: 'PolicyDeciding' });

const lint_answer = z
  .object({
    ok: z.boolean().meta({ description: 'It could be made and activated' }),
    findings: z.array(lint_finding),
    sentence: z.string().nullable(),
    changes: z.array(field_change).meta({ description: 'What it would change in the policy that it is to replace' }),
    deciding: z.array(deciding).meta({
      description:
        'All that decides on calls of its target, itself among them: in force before in shadow, strictest first',
    }),
    second_person: z.array(z.string()).nullable().meta({
      description: 'Projects (slugs) in which somebody else than the caller would have to enforce it; null: none',
    }),
    deciding_left_off: z.int().meta({ description: 'Controls that decide too and are not listed' }),
  })
  .meta({ id: 'PolicyLint' });

const list_query = z.strictObject({
  ...page_query.shape,
  status: words(policy_statuses),
  mode: words(['enforce', 'shadow']),
  target_kind: words(target_kinds),
  control: words(control_types).meta({ description: 'The type of a limit or rule of it' }),
  action: words(actions).meta({ description: 'What a control of it does' }),
  owner: namesOf('Whose it is, as its document says'),
  source: words(['manual', 'file', 'learned']).meta({
    description: 'Made by hand, kept in a file, or learned from incidents',
  }),
  unfired_days: z.coerce
    .number()
    .int()
    .min(1)
    .max(90)
    .optional()
    .meta({ description: 'In force, and no control of it has fired for so many days' }),
  overshadowed_days: z.coerce.number().int().min(1).max(90).optional().meta({
    description: 'In force, and on every call of so many days on which a control of it fired another policy decided',
  }),
  q: z
    .string()
    .min(1)
    .max(200)
    .refine(without_nul, 'must not contain NUL characters')
    .optional()
    .meta({ description: 'Text in the id, name, description, owner, tags or target' }),
});
export type PolicyFilter = z.infer<typeof list_query>;

const act = z.strictObject({ reason });

export const policy_endpoints = {
  createPolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies',
    summary: 'Make a draft of a policy',
    permission: 'write_policies',
    body: policy_document.extend({ source: z.enum(['manual', 'file']).default('manual'), reason: reason.optional() }),
    answer: policy_object,
    status: 201,
  }),
  listPolicies: endpoint({
    method: 'GET',
    path: '/api/v1/policies',
    summary: 'List policies, newest first',
    permission: 'read',
    query: list_query,
    answer: pageOf(policy_object),
  }),
  getPolicy: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id',
    summary: 'Get a policy',
    permission: 'read',
    params: of_policy,
    answer: policy_object,
  }),
  updatePolicy: endpoint({
    method: 'PUT',
    path: '/api/v1/policies/:id',
    summary:
      'Replace the document of a policy; one that is active stays active and the change holds at once. With If-Match (the ETag of a policy is its version): 412 when another version has been made since',
    permission: 'write_policies',
    params: of_policy,
    body: policy_document.extend({
      mode: policy_mode
        .optional()
        .meta({ description: 'Absent: as it is; an edit does not enforce what is in shadow' }),
      reason,
      version: z
        .int()
        .optional()
        .meta({ description: 'The version that was edited; 409 when another one has been made since' }),
    }),
    answer: policy_object,
  }),
  listPolicyVersions: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/versions',
    summary: 'List the versions of a policy, newest first',
    permission: 'read',
    params: of_policy,
    query: z.strictObject(page_query.shape),
    answer: pageOf(policy_version),
  }),
  diffPolicyVersions: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/diff',
    summary: 'What changed between two versions of a policy, field by field',
    permission: 'read',
    params: of_policy,
    query: z.strictObject({
      from: version_number.optional().meta({ description: 'Absent: the version before `to`' }),
      to: version_number.optional().meta({ description: 'Absent: the latest' }),
    }),
    answer: version_diff,
  }),
  lintPolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies/lint',
    summary: 'What is wrong with a policy before it is made or edited: errors, refusals and warnings',
    permission: 'read',
    body: z.strictObject({
      document: z.unknown().meta({ description: 'The policy document, however wrong' }),
      policy_id: idOf('policy').optional().meta({ description: 'The policy it is to replace' }),
    }),
    answer: lint_answer,
  }),
  activatePolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/activate',
    summary: 'Put a policy in force; once this answers, no call is admitted without it',
    permission: 'activate_policies',
    params: of_policy,
    body: act.extend({
      mode: policy_mode.optional(),
      version: z
        .int()
        .optional()
        .meta({ description: 'The version that is meant; 409 when there is another one since' }),
    }),
    answer: policy_object,
  }),
  disablePolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/disable',
    summary: 'Take an active policy out of force',
    permission: 'activate_policies',
    params: of_policy,
    body: act,
    answer: policy_object,
  }),
  retirePolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/retire',
    summary: 'Take a policy out of force for good',
    permission: 'activate_policies',
    params: of_policy,
    body: act,
    answer: policy_object,
  }),
} satisfies Endpoints;
