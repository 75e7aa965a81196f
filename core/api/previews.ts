import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { timezone, window_schema } from '../base/window.ts';
import { verdicts } from '../policies/decision-object.ts';
import { policy_document } from '../policies/policy.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_preview = z.strictObject({ id: idOf('preview') });
const longest_hours = 366 * 24;

/** Which policy, over which past. */
const asked = z.strictObject({
  policy: z
    .union([
      z.strictObject({ policy_id: idOf('policy'), version: z.int().min(1).optional() }),
      policy_document.meta({ description: 'A policy as it might be' }),
    ])
    .meta({ description: 'A policy document, or a policy that is stored; without a version its latest' }),
  replaces: idOf('policy')
    .optional()
    .meta({ description: 'The policy it is to replace: the answer tells the difference' }),
  replaces_version: z.int().min(1).optional().meta({ description: 'Absent: the latest' }),
  window: z
    .union([
      z.strictObject({ hours: z.int().min(1).max(longest_hours) }),
      z.strictObject({ from: instant, to: instant }).refine(({ from, to }) => from < to, {
        path: ['to'],
        message: 'must be after from',
      }),
    ])
    .default({ hours: 30 * 24 }),
  timezone: timezone
    .optional()
    .meta({ description: 'Of the days; absent: that of the first limit that has one, or UTC' }),
  include_synthetic: z.boolean().default(false),
});
export type PreviewAsked = z.infer<typeof asked>;

const affected = z.object({
  calls: z.int(),
  runs: z.int().meta({ description: 'By the strictest that happens to it' }),
});
const hit = z.object({
  distinct: z.int(),
  top: z.array(
    z.object({
      id: z.string(),
      name: z.string().nullable(),
      calls: z.int(),
      share: z.number().meta({ description: 'Of all calls it would have fired on, 0 to 1' }),
    }),
  ),
});
const differences = z.object({
  newly_stopped: z.int(),
  no_longer_stopped: z.int(),
  still_stopped: z.int(),
  unchanged: z.int(),
});

const amount = z.union([z.number(), z.string()]);

/** What was used of one limit, whatever it would have stopped: what a cap is chosen by. */
const used = z.object({
  control: z.int().meta({ description: 'Its place among the controls of the policy, from 0' }),
  type: z.string(),
  window: window_schema,
  unit: z.string(),
  windows: z.int().meta({ description: 'Windows with a call, those of each subject by themselves' }),
  p50: amount.meta({ description: 'Half of the windows used no more' }),
  p95: amount,
  max: amount,
  largest_call: amount,
  stops: z.boolean().meta({ description: 'Calls are let in only while the most that they can use fits' }),
  bins: z
    .array(z.object({ from: amount, to: amount, windows: z.int() }))
    .meta({ description: 'How many windows used more than `from` and up to `to`' }),
});

const preview_result = z
  .object({
    from: instant,
    to: instant,
    timezone: z.string(),
    calls: z.object({
      looked_at: z.int(),
      matched: z.int(),
      not_counted: z.int().meta({ description: 'Of runs that would have been stopped before' }),
    }),
    runs: z.object({ matched: z.int() }),
    affected: z.object({ noted: affected, warned: affected, paused: affected, blocked: affected, killed: affected }),
    by_day: z.array(
      z.object({
        day: z.string(),
        calls: z.int(),
        noted: z.int(),
        warned: z.int(),
        paused: z.int(),
        blocked: z.int(),
        killed: z.int(),
        not_counted: z.int(),
        spend_usd: usd,
        spend_not_made_usd: usd,
        first_hit_at: instant.nullable(),
      }),
    ),
    first_hit: z.object({
      days: z.int(),
      days_hit: z.int(),
      typical: z.string().nullable().meta({ description: 'Into the day when it is hit first, the middle of all days' }),
      by_hour: z.array(z.int()),
    }),
    whom: z.object({ agents: hit, actors: hit, api_keys: hit }),
    usage: z.array(used).meta({ description: 'Of each limit that counts over a window' }),
    spend_usd: usd,
    spend_not_made_usd: usd,
    alerts: z.object({
      tiers: z.array(z.object({ control: z.int(), percent: z.int(), alerts: z.int() })),
      channels: z.array(z.object({ channel: z.string(), alerts: z.int() })),
    }),
    examples: z.array(
      z.object({
        run_id: idOf('run'),
        step_id: idOf('step'),
        decision_id: idOf('decision'),
        agent_id: z.string().nullable(),
        at: instant,
        verdict: z.enum(verdicts),
        control: z.int().meta({ description: 'Its place among the controls of the policy, from 0' }),
        reason: z.string(),
        url: z.string(),
      }),
    ),
    coverage: z.object({
      exact: z.int(),
      sampled: z.int().meta({ description: 'Always 0: a sample cannot say when a limit is reached' }),
      assumed: z.int().meta({ description: 'Refused at the time: taken to use all that they may' }),
      uncheckable: z.int(),
    }),
    caveats: z.array(z.string()),
    diff: z
      .object({
        policy_id: idOf('policy'),
        version: z.int(),
        calls: differences,
        runs: differences,
        newly_stopped_runs: z.array(idOf('run')),
        no_longer_stopped_runs: z.array(idOf('run')),
      })
      .nullable(),
  })
  .meta({ id: 'PreviewResult' });
export type PreviewResult = z.infer<typeof preview_result>;

const preview_object = z
  .object({
    id: idOf('preview'),
    status: z.enum(['running', 'ready', 'failed', 'cancelled']),
    calls_done: count,
    calls_total: count.nullable().meta({ description: 'About how many; null while nobody has counted' }),
    result: preview_result.nullable(),
    error: z.string().nullable(),
    created_at: instant,
    ended_at: instant.nullable(),
    url: z.string(),
  })
  .meta({ id: 'Preview' });
export type PreviewObject = z.infer<typeof preview_object>;

export const preview_endpoints = {
  previewPolicy: endpoint({
    method: 'POST',
    path: '/api/v1/policies/preview',
    summary: 'What a policy would have done to the calls that were made; 202 while it is still being computed',
    permission: 'read',
    body: asked,
    answer: preview_object,
    goesOn: ({ status }) => status === 'running',
  }),
  getPreview: endpoint({
    method: 'GET',
    path: '/api/v1/policies/previews/:id',
    summary: 'How far a preview is, and what came of it; kept for seven days',
    permission: 'read',
    params: of_preview,
    answer: preview_object,
  }),
  cancelPreview: endpoint({
    method: 'POST',
    path: '/api/v1/policies/previews/:id/cancel',
    summary: 'Stop computing a preview',
    permission: 'read',
    params: of_preview,
    answer: preview_object,
  }),
} satisfies Endpoints;
