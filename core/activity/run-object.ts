import { z } from 'zod';
import { count, tags, usd } from '../base/column.ts';
import { idOf, idOrDefault } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { run_holds, run_modes, run_statuses, termination_reason } from './run.ts';

const outcomes = ['SUCCESS', 'FAILURE', 'BLOCKED', 'ABORTED'] as const;

/** Names of who asked, where callers chose some; they stand in the tables of agents, actors, projects, sessions. */
export const asker_names = {
  project_slug: z.string().nullable(),
  agent_slug: z.string().nullable(),
  actor_slug: z.string().nullable(),
};

/** A run as the API shows it: the columns of `runs`, its console page, and the way to its trace and incidents. */
export const run_object = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('run'),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    session_id: idOf('session').nullable(),
    parent_run_id: idOf('run').nullable(),
    mode: z.enum(run_modes),
    goal: z.string().nullable(),
    status: z.enum(run_statuses),
    hold: z.enum(run_holds),
    termination_reason: termination_reason.nullable(),
    outcome_record: z.enum(outcomes).nullable(),
    identity: z.enum(['bound', 'claimed', 'none']),
    policy_snapshot_id: idOf('snapshot').nullable(),
    policy_context: z.string().meta({ description: 'The tightest policy, or SYSTEM_DEFAULT when none applied' }),
    violation_policy_id: idOrDefault('policy').nullable(),
    last_refusal: z.string().nullable(),
    calls: z.int(),
    refused_calls: z.int(),
    input_tokens: count,
    output_tokens: count,
    estimated_cost_usd: usd,
    tags,
    is_synthetic: z.boolean(),
    synthetic_scenario_id: z.string().nullable(),
    created_at: instant,
    started_at: instant.nullable(),
    last_activity_at: instant,
    ended_at: instant.nullable(),
    ...asker_names,
    source: z.enum(run_modes).meta({ description: 'Its mode, under the name that lists filter by' }),
    session_external_id: z.string().nullable(),
    trace_id: idOf('trace'),
    incident_ids: z.array(idOf('incident')),
    models: z.array(z.string()).meta({ description: 'Of its latest 100 calls' }),
    steps: count.meta({ description: 'How many have ended' }),
    decided: z
      .object({ warn: count, pause: count, block: count, kill: count })
      .meta({ description: 'How many of its decisions were more than a plain allow' }),
    unpriced_calls: count.meta({ description: 'Calls whose model has no price: not part of estimated_cost_usd' }),
    is_killed: z.boolean().meta({ description: 'It was ended at once, by somebody or by a policy' }),
    url: z.string(),
  })
  .meta({ id: 'Run' });
