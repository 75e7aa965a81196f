import { z } from 'zod';
import { made_api_key } from '../access/api-key.ts';
import { reason, reference } from '../access/slug.ts';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

/** A call as it is said to have been: its decision is not said, but made by the policies in force. */
const past_call = z.strictObject({
  at: instant,
  model: z.string().min(1).max(200),
  input_tokens: z.int().min(0).max(10_000_000),
  output_tokens: z.int().min(0).max(1_000_000),
  max_output_tokens: z.int().min(1).max(1_000_000).optional(),
  duration_ms: z.int().min(0).max(86_400_000).default(900),
  tool: z.string().min(1).max(200).optional().meta({ description: 'A tool that was offered to the model' }),
  fails: z.boolean().default(false).meta({ description: 'The provider answered with status 500' }),
});

const past_run = z.strictObject({
  agent: reference,
  actor: reference.optional(),
  session: reference.optional(),
  goal: z.string().trim().min(1).max(2_000).optional(),
  killed: z.boolean().default(false).meta({ description: 'A person ended it after its last call' }),
  calls: z.array(past_call).min(1).max(200),
});
export type PastRun = z.infer<typeof past_run>;

const imported = z
  .object({
    project_id: idOf('project'),
    synthetic_scenario_id: z.string(),
    runs: count,
    calls: count,
    refused_calls: count,
    runs_stopped: count.meta({ description: 'Ended failed_policy or killed' }),
    violations: count,
    incidents: count,
    cost_usd: usd,
    from: instant,
    to: instant,
  })
  .meta({ id: 'SyntheticImport' });
export type Imported = z.infer<typeof imported>;

const live_call = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.record(z.string(), z.unknown()).meta({ description: 'For POST /v1/chat/completions' }),
});

const demo = z
  .object({
    project_id: idOf('project'),
    agents: z.array(z.string()),
    actors: z.array(z.string()),
    policies: z.array(z.object({ id: idOf('policy'), name: z.string() })),
    history: imported,
    live: z.object({
      api_key: made_api_key.meta({ description: 'Of the project, for an hour' }),
      calls: z.array(live_call),
    }),
    url: z.string(),
  })
  .meta({ id: 'Demo' });

/** Data that stand for themselves: demos and rehearsals, marked as such wherever they show. */
export const synthetic_endpoints = {
  importSynthetic: endpoint({
    method: 'POST',
    path: '/api/v1/imports/synthetic',
    summary: 'Bring runs of the past into a synthetic project; what was decided about them is decided by its policies',
    permission: 'administer',
    body: z.strictObject({ project: reference, runs: z.array(past_run).min(1).max(2_000), reason }),
    answer: imported,
    status: 201,
  }),
  loadDemo: endpoint({
    method: 'POST',
    path: '/api/v1/demo',
    summary: 'Make the project demo: agents, people, policies, days of history, and the calls that make it live',
    permission: 'administer',
    body: z.strictObject({
      runs: z.int().min(10).max(2_000).default(300),
      days: z.int().min(1).max(28).default(7),
      seed: z.int().min(0).max(4_294_967_295).default(1),
    }),
    answer: demo,
    status: 201,
  }),
  removeDemo: endpoint({
    method: 'POST',
    path: '/api/v1/demo/remove',
    summary: 'Take the demo away: its policies are retired, its keys end, its project and data show nowhere by default',
    permission: 'administer',
    body: z.strictObject({ reason }),
    answer: z
      .object({ project_id: idOf('project'), runs: count, policies_retired: z.int(), keys_revoked: z.int() })
      .meta({ id: 'DemoRemoved' }),
  }),
} satisfies Endpoints;
