import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { instant } from '../base/time.ts';
import { run_statuses } from './run.ts';

const about = {
  id: z.string().meta({ description: 'The object that the event is about' }),
  at: instant.meta({ description: 'When it happened' }),
  url: z.string().meta({ description: 'Its page in the console' }),
};

const run_state = {
  ...about,
  run_id: z.string(),
  status: z.enum(run_statuses),
  hold: z.string(),
  agent_id: z.string().nullable(),
  calls: z.int(),
  refused_calls: z.int(),
  input_tokens: count,
  output_tokens: count,
  cost_usd: usd,
};

const planned = z.object({
  type: z.literal('run.planned'),
  ...about,
  run_id: z.string(),
  steps: z.array(z.object({ id: z.string(), skill: z.string(), depends_on: z.array(z.string()) })),
});

const changed = z.object({ type: z.enum(['run.opened', 'run.changed']), ...run_state });

const ended = z.object({ type: z.literal('run.ended'), ...run_state, termination_reason: z.string().nullable() });

const step_started = z.object({
  type: z.literal('step.started'),
  ...about,
  run_id: z.string(),
  name: z.string().meta({ description: 'Its id in the plan' }),
  skill: z.string(),
  attempt: z.int(),
});

const step_ended = z.object({
  type: z.literal('step.ended'),
  ...about,
  run_id: z.string(),
  step_id: z.string().nullable().meta({ description: 'Null: it ended before anything was asked' }),
  name: z.string().nullable().meta({ description: 'Its id in the plan; null: it belongs to none' }),
  skill: z.string(),
  status: z.string().meta({ description: 'succeeded, failed, blocked, cancelled, cut or skipped' }),
  verdict: z.string().nullable().meta({ description: 'What was decided about it' }),
  cost_usd: usd.nullable(),
  duration_ms: z.int().nullable(),
  decision_id: z.string().nullable(),
  error: z.unknown(),
});

const decided = z.object({
  type: z.literal('decision'),
  ...about,
  run_id: z.string().nullable(),
  verdict: z.string().nullable(),
  code: z.string().nullable(),
  policy_id: z.string().nullable(),
  reason: z.string().nullable(),
});

const near = z.object({
  type: z.literal('limit.near'),
  ...about,
  run_id: z.string(),
  policy_id: z.string(),
  control_id: z.string(),
  tier: z.int().meta({ description: 'The tier that this step crossed, in percent' }),
  used_percent: z.number(),
});

const incident = z.object({
  type: z.enum(['incident.opened', 'incident.changed']),
  ...about,
  run_id: z.string().nullable(),
  policy_id: z.string().nullable(),
  category: z.string().nullable(),
  severity: z.string().nullable(),
  title: z.string().nullable(),
});

const change = z.object({
  type: z.enum(['policy.changed', 'alert', 'changed']),
  ...about,
  event: z.string().meta({ description: 'Its name in the audit ledger' }),
  object_type: z.string(),
  object_id: z.string(),
});

const heartbeat = z.object({ type: z.literal('heartbeat'), at: instant });

const behind = z
  .object({ type: z.literal('behind'), at: instant })
  .meta({ description: 'More happened than is told here: read the lists again' });

/** What the stream of one run tells. */
export const run_event = z
  .discriminatedUnion('type', [changed, planned, step_started, step_ended, decided, near, incident, ended, heartbeat])
  .meta({ id: 'RunEvent' });
export type RunEvent = z.infer<typeof run_event>;

/** What the stream of a tenant tells. */
export const tenant_event = z
  .discriminatedUnion('type', [changed, ended, decided, incident, change, behind, heartbeat])
  .meta({ id: 'TenantEvent' });
export type TenantEvent = z.infer<typeof tenant_event>;
