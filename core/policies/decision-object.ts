import { z } from 'zod';
import { categories, severities, termination_reason } from '../activity/run.ts';
import { asker_names } from '../activity/run-object.ts';
import { idOf, idOrDefault } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { raise } from './override.ts';
import { policy_mode } from './policy.ts';
import { target_kinds } from './target.ts';

export const verdicts = ['continue', 'warn', 'pause', 'block', 'kill'] as const;

const amount = z.union([z.number(), z.string()]).nullable();

/** What one control said about one call; see `Contribution` in decide.ts. Null: not known of a derived decision. */
export const contribution = z
  .object({
    policy_id: idOrDefault('policy'),
    policy_name: z.string(),
    policy_version: z.int(),
    control_id: idOrDefault('control'),
    mode: policy_mode,
    type: z.string(),
    scope: z.enum(target_kinds),
    action: z.enum(verdicts),
    fired: z.boolean(),
    not_evaluated: z.boolean(),
    verdict: z.enum(verdicts),
    code: z.string().nullable(),
    reason: z.string(),
    message: z.string().nullable(),
    error_detail: z.literal('minimal').optional().meta({ description: 'Its policy tells callers no amounts' }),
    subject: z.string().nullable(),
    unit: z.string().nullable(),
    limit: amount,
    used: amount,
    reserved: amount,
    requested: amount,
    remaining: amount,
    resets_at: instant.nullable(),
    raised: raise.optional(),
    ruled_by: idOf('approval').optional(),
    category: z.enum(categories),
    severity: z.enum(severities),
    termination: termination_reason,
    incident: z.boolean(),
  })
  .meta({ id: 'Contribution' });

/**
 * What was chosen for one call, with every reason: the columns of `decisions`. A plain allow has no row of its own; it
 * is derived from the LLM run record of its call and says so.
 */
export const decision_object = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('decision'),
    run_id: idOf('run').nullable(),
    step_id: idOf('step').nullable(),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    session_id: idOf('session').nullable(),
    verdict: z.enum(verdicts),
    code: z.string().nullable(),
    policy_id: idOrDefault('policy').nullable(),
    control_id: idOrDefault('control').nullable(),
    policy_snapshot_id: idOf('snapshot'),
    call: z.unknown(),
    estimate: z.unknown(),
    contributions: z.array(contribution),
    is_synthetic: z.boolean(),
    decided_at: instant,
    ...asker_names,
    derived: z.boolean().meta({ description: 'True: a plain allow, derived from its LLM run record' }),
    trace_id: idOf('trace').nullable(),
    record_id: idOf('record').nullable().meta({ description: 'Null: the call never reached a provider' }),
    incident_ids: z.array(idOf('incident')),
    url: z.string(),
  })
  .meta({ id: 'Decision' });
export type DecisionObject = z.infer<typeof decision_object>;
