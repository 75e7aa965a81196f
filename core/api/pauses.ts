import { z } from 'zod';
import { reason } from '../access/slug.ts';
import { words } from '../activity/filter.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { approval_object, approval_statuses } from '../policies/approval.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const url = z.string().meta({ description: 'Page of the console' });
const shown_approval = approval_object.extend({ url });
const because = z.strictObject({ reason });
const one_approval = z.strictObject({ id: idOf('approval') });
const one_run = z.strictObject({ id: idOf('run') });

const run_hold = z
  .object({
    id: idOf('run'),
    hold: z.enum(['none', 'paused']),
    at: instant,
    reason: z.string(),
    url,
  })
  .meta({ id: 'RunHold' });

/** What waits for a person, and what a person lets wait. */
export const pause_endpoints = {
  pauseRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/pause',
    summary: 'Let the calls of a run wait until it is resumed; streams under way stand still',
    permission: 'operate',
    params: one_run,
    body: because,
    answer: run_hold,
  }),
  resumeRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/resume',
    summary: 'Let the calls of a paused run go on',
    permission: 'operate',
    params: one_run,
    body: because,
    answer: run_hold,
  }),
  listApprovals: endpoint({
    method: 'GET',
    path: '/api/v1/approvals',
    summary: 'List the questions that wait, or waited, for a person, newest first',
    permission: 'read',
    query: page_query.extend({ status: words(approval_statuses), run_id: idOf('run').optional() }),
    answer: pageOf(shown_approval).meta({ id: 'ApprovalPage' }),
  }),
  getApproval: endpoint({
    method: 'GET',
    path: '/api/v1/approvals/:id',
    summary: 'One question to a person',
    permission: 'read',
    params: one_approval,
    answer: shown_approval,
  }),
  approve: endpoint({
    method: 'POST',
    path: '/api/v1/approvals/:id/approve',
    summary: 'Let what waits go on: by a one-time raise of the limit, or past the control until its window ends',
    permission: 'approve',
    params: one_approval,
    body: because.extend({
      top_up: z
        .union([z.number(), z.string()])
        .optional()
        .meta({ description: 'What is added to the limit once, in its own unit; absent: the control lets pass' }),
    }),
    answer: shown_approval,
  }),
  deny: endpoint({
    method: 'POST',
    path: '/api/v1/approvals/:id/deny',
    summary: 'Refuse what waits until the window of the control ends',
    permission: 'approve',
    params: one_approval,
    body: because,
    answer: shown_approval,
  }),
} satisfies Endpoints;
