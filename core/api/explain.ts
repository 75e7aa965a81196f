import { z } from 'zod';
import { reference } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { contribution, verdicts } from '../policies/decision-object.ts';
import { policy_mode } from '../policies/policy.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const tokens = z.int().min(0).max(100_000_000);

/** A call that might be made, or a decision that was; nothing of it takes effect. */
const asked = z
  .strictObject({
    decision_id: idOf('decision').optional().meta({ description: 'Explain this decision; then nothing else is given' }),
    model: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ description: '`provider/model`, a bare model name, or `default`' }),
    provider: z.string().min(1).max(128).optional(),
    project: reference.optional().meta({ description: 'Id or slug; for keys of the whole tenant' }),
    agent: reference.optional(),
    actor: reference.optional(),
    session: reference.optional(),
    run_id: idOf('run').optional(),
    api_key: idOf('api_key').optional().meta({ description: 'The key that would call; absent: the one that asks' }),
    tools: z.array(z.string().min(1).max(256)).max(500).optional(),
    tags: z.record(z.string().max(64), z.string().max(256)).optional(),
    messages: z.array(z.looseObject({})).min(1).max(2000).optional(),
    estimate: z
      .strictObject({
        input_tokens: tokens.optional(),
        max_output_tokens: tokens.optional(),
        choices: z.int().min(1).max(128).default(1),
      })
      .optional()
      .meta({ description: 'Instead of messages: how much the call may use' }),
  })
  .superRefine(({ decision_id, model, messages, estimate, ...others }, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (decision_id === undefined && model === undefined)
      wrong('model', 'is missing: name the model of a call, or give decision_id alone');
    const call = { model, messages, estimate, ...others };
    const beside = Object.entries(call).find(([, value]) => value !== undefined);
    if (decision_id !== undefined && beside)
      wrong(beside[0], 'does not go with decision_id, which names a call that was made: leave one of them out');
    if (messages && estimate?.input_tokens !== undefined)
      wrong('estimate', 'its input_tokens do not go with messages, from which they are counted: leave one of them out');
  });
export type ExplainAsked = z.infer<typeof asked>;

const looked = z
  .object({
    policy_id: idOf('policy'),
    policy_name: z.string(),
    policy_version: z.int(),
    mode: policy_mode,
    status: z.enum(['active', 'draft', 'disabled']),
    sentence: z.string(),
    matched: z.boolean(),
    why: z.string().meta({ description: 'Why it applies, or what keeps the call out' }),
    controls: z.array(contribution),
    url: z.string(),
  })
  .meta({ id: 'PolicyLookedAt' });

const name = z.string().nullable();

export const explanation = z
  .object({
    kind: z.enum(['hypothetical', 'stored']),
    decision_id: idOf('decision').nullable(),
    policy_snapshot_id: idOf('snapshot'),
    decided_at: instant,
    verdict: z.enum(verdicts),
    shadow_verdict: z.enum(verdicts),
    status: z.int().meta({ description: 'What the gateway answers: 200 when the call passes' }),
    code: name,
    summary: z.string().meta({ description: 'The decision in words' }),
    deciding: contribution.nullable(),
    call: z.object({
      project: name,
      agent: name,
      actor: name,
      api_key: z.string(),
      session: name,
      run_id: name.meta({ description: 'Null: the call opens a run' }),
      provider: z.string(),
      model: z.string(),
      tools: z.array(z.string()),
      tags: z.record(z.string(), z.string()),
    }),
    estimate: z.unknown(),
    output_bound: z.int().nullable().meta({ description: 'Output tokens that what is left pays for' }),
    policies: z.array(looked),
    policies_left_off: z.int().meta({ description: 'Policies that do not apply and are not listed' }),
    notes: z.array(z.string()),
    url: z.string().nullable(),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof explanation>;

export const explain_endpoints = {
  explain: endpoint({
    method: 'POST',
    path: '/api/v1/policies/explain',
    summary: 'Why a call was, or would be, allowed or refused: every policy looked at, every verdict, the deciding one',
    permission: 'read',
    body: asked,
    answer: explanation,
  }),
} satisfies Endpoints;
