import { z } from 'zod';
import { reason, reference } from '../access/slug.ts';
import { plan } from '../activity/plan.ts';
import { run_object } from '../activity/run-object.ts';
import { idOf } from '../base/id.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const one = z.strictObject({ id: idOf('run') });
const because = z.strictObject({ reason });
const tags = z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.string().max(256)).default({});

/** What is asked for: a goal that a worker reaches, or a run of an agent that works by itself. */
const asked_run = z.strictObject({
  goal: z.string().trim().min(1).max(20_000),
  agent_id: reference.optional().meta({ description: 'Id or slug; may be left out by a key that is bound to one' }),
  actor_id: reference.optional(),
  session_id: reference.optional(),
  project: reference.optional().meta({ description: 'Only for keys of the whole tenant' }),
  mode: z.enum(['managed', 'external']).default('managed'),
  parent_run_id: idOf('run')
    .optional()
    .meta({ description: 'The run in which this one is asked for: it ends with it when that is killed or cancelled' }),
  plan: plan.optional().meta({ description: "Absent: the agent's model makes one" }),
  plan_id: idOf('plan')
    .optional()
    .meta({ description: 'A plan that a simulation assumed: exactly that one is carried out' }),
  max_retries: z
    .int()
    .min(0)
    .max(3)
    .default(3)
    .meta({ description: 'How often it is tried again after a failure that may pass, 60, 120 and 240 seconds later' }),
  model: z.string().min(1).max(200).optional().meta({ description: "Absent: the agent's own, or the project's" }),
  tags,
});
export type AskedRun = z.infer<typeof asked_run>;

const amount = z.union([z.number(), z.string()]);

const simulated_step = z
  .object({
    id: z.string(),
    skill: z.string(),
    depends_on: z.array(z.string()),
    verdict: z.string(),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    estimated_cost_usd: z.string().nullable(),
    input_tokens: z.int(),
    output_tokens: z.int(),
  })
  .meta({ id: 'SimulatedStep' });

const headroom = z
  .object({
    control_id: z.string(),
    policy_id: z.string(),
    unit: z.string(),
    remaining: amount,
    resets_at: z.string().nullable(),
  })
  .meta({ id: 'Headroom' });

const simulation = z
  .object({
    feasible: z.boolean(),
    decision: z.string().meta({ description: 'The strictest verdict of all steps' }),
    assumed: z.boolean().meta({ description: 'The plan is assumed: a model would make the real one' }),
    plan,
    plan_id: idOf('plan')
      .nullable()
      .meta({ description: 'Of an assumed plan: give it to the run, which then does exactly this' }),
    steps: z.array(simulated_step),
    estimated_cost_usd: z.string().nullable().meta({ description: 'At most; null where a model has no price' }),
    matched_policies: z.array(z.object({ id: z.string(), name: z.string() })),
    headroom: z.array(headroom),
    stopped_by: z
      .object({
        step: z.string(),
        policy_id: z.string(),
        policy_name: z.string(),
        code: z.string(),
        reason: z.string(),
      })
      .nullable()
      .meta({ description: 'The first control that would stop it' }),
  })
  .meta({ id: 'Simulation' });
export type Simulation = z.infer<typeof simulation>;

const capabilities = z
  .object({
    role: z.string(),
    permissions: z.array(z.string()),
    project: z.object({ id: z.string(), slug: z.string() }),
    agents: z.array(z.string()).meta({ description: 'Agents the key is bound to; empty: it may name any' }),
    skills: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        effects: z.string(),
        cost: z.string(),
        failures: z.record(z.string(), z.string()),
        params: z.unknown(),
      }),
    ),
    models: z.array(z.string()),
    sources: z.array(z.string()),
    limits: z.array(headroom).meta({ description: 'Room that is left in each limit that applies' }),
  })
  .meta({ id: 'Capabilities' });
export type Capabilities = z.infer<typeof capabilities>;

/** Goals that become governed runs. */
export const run_endpoints = {
  createRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs',
    summary: 'Ask for a goal to be reached, or open a run of an agent that works by itself',
    permission: 'call',
    body: asked_run,
    answer: run_object,
    status: 202,
  }),
  finishRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/finish',
    summary: 'Say how a run of an external agent ended',
    permission: 'call',
    params: one,
    body: z.strictObject({ outcome: z.enum(['succeeded', 'failed', 'cancelled']), reason: reason.optional() }),
    answer: run_object,
  }),
  cancelRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/cancel',
    summary: 'End a run: what is under way is aborted, nothing else begins',
    permission: 'operate',
    params: one,
    body: because,
    answer: run_object,
  }),
  retryRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/retry',
    summary: 'Ask for the goal of a run that has ended once more, as a new run; the old one stays as it is',
    permission: 'operate',
    params: one,
    body: because,
    answer: run_object,
    status: 202,
  }),
  simulate: endpoint({
    method: 'POST',
    path: '/api/v1/runtime/simulate',
    summary: 'What a run would meet now: plan, decisions, cost at most; calls no provider and writes nothing',
    permission: 'call',
    body: asked_run
      .omit({ mode: true, goal: true, max_retries: true, parent_run_id: true })
      .extend({ goal: asked_run.shape.goal.optional() })
      .refine((body) => body.goal !== undefined || body.plan !== undefined, {
        message: 'needs a goal or a plan',
        path: ['goal'],
      }),
    answer: simulation,
  }),
  getCapabilities: endpoint({
    method: 'GET',
    path: '/api/v1/runtime/capabilities',
    summary: 'What this key, and an agent, may do now: skills, models, sources, permissions, room in each limit',
    permission: 'call',
    query: z.strictObject({ agent_id: reference.optional() }),
    answer: capabilities,
  }),
} satisfies Endpoints;
