import { z } from 'zod';
import { synthetic_filter } from '../activity/filter.ts';
import { count } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { verdicts } from '../policies/decision-object.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

export const judgments = ['right', 'wrong'] as const;
const judged = z.enum(judgments).meta({ description: 'Whether it would have been right to stop the call' });

const of_policy = z.strictObject({ id: idOf('policy') });

export const shadow_state = z
  .object({
    policy_id: idOf('policy'),
    since: instant.nullable().meta({ description: 'In shadow as it is now; null: it is not in shadow' }),
    in_shadow_ms: z.int().nullable(),
    evaluated: count.nullable().meta({
      description:
        'Calls of models that it looked at, 10,000 at most; null: it asks for tools, which records do not keep',
    }),
    evaluated_is_exact: z.boolean().meta({ description: 'False: there are more' }),
    would_stop: count.meta({ description: 'Decisions of it that would have paused, blocked or killed' }),
    would_stop_share: z.number().nullable().meta({ description: 'Of what it looked at, 0 to 1' }),
    decided_p95_ms: z.number().nullable().meta({
      description:
        'Milliseconds until a decision, of 95 % of the latest 500 calls that it looked at in this process, with all that else applies to them; null: it has looked at none',
    }),
    right: count,
    wrong: count,
    doubts: z.array(z.string()).meta({ description: 'What speaks for leaving it in shadow a while longer' }),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'ShadowState' });
export type ShadowState = z.infer<typeof shadow_state>;

export const shadow_hit = z
  .object({
    policy_id: idOf('policy'),
    decision_id: idOf('decision'),
    run_id: idOf('run'),
    step_id: idOf('step').nullable(),
    agent_slug: z.string().nullable(),
    action: z.enum(verdicts),
    reason: z.string().nullable(),
    occurred_at: instant,
    judgment: z.object({ verdict: judged, judged_at: instant, judged_by: idOf('api_key') }).nullable(),
    url: z.string(),
  })
  .meta({ id: 'ShadowHit' });
export type ShadowHit = z.infer<typeof shadow_hit>;

/** What policies in shadow would have done, and what people think of it. */
export const shadow_endpoints = {
  getShadow: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/shadow',
    summary:
      'What a policy in shadow looked at and would have stopped, how that was judged, and what speaks against it',
    permission: 'read',
    params: of_policy,
    query: z.strictObject(synthetic_filter),
    answer: shadow_state,
  }),
  listShadowHits: endpoint({
    method: 'GET',
    path: '/api/v1/policies/:id/shadow/hits',
    summary: 'What a policy in shadow would have stopped since it is as it is now, newest first',
    permission: 'read',
    params: of_policy,
    query: z.strictObject({ ...page_query.shape, ...synthetic_filter }),
    answer: pageOf(shadow_hit).meta({ id: 'ShadowHitPage' }),
  }),
  judgeShadowHit: endpoint({
    method: 'POST',
    path: '/api/v1/policies/:id/shadow/judgments',
    summary: 'Say whether it would have been right to stop a call; the latest word counts',
    permission: 'judge',
    params: of_policy,
    body: z.strictObject({ decision_id: idOf('decision'), verdict: judged }),
    answer: shadow_hit,
  }),
} satisfies Endpoints;
