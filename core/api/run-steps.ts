import { z } from 'zod';
import { step_report, steps_told } from '../activity/reported-step.ts';
import { idOf } from '../base/id.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

/** What agents that work by themselves tell of their runs. */
export const run_step_endpoints = {
  reportSteps: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/steps',
    summary: 'Tell what an external agent did in its run; the answer says whether it may go on',
    permission: 'call',
    params: z.strictObject({ id: idOf('run') }),
    body: step_report,
    answer: steps_told,
  }),
} satisfies Endpoints;
