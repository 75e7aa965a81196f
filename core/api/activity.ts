import { z } from 'zod';
import {
  asker_filter,
  costs,
  free_text,
  names,
  namesOf,
  spans,
  synthetic_filter,
  time_filter,
  words,
} from '../activity/filter.ts';
import { metric_askers, metric_buckets, metrics } from '../activity/metrics.ts';
import { run_holds, run_modes, run_statuses, severities, termination_reasons } from '../activity/run.ts';
import { run_detail } from '../activity/run-detail.ts';
import { run_facets } from '../activity/run-facets.ts';
import { run_object } from '../activity/run-object.ts';
import { run_outcomes } from '../activity/run-outcomes.ts';
import { step } from '../activity/step.ts';
import { trace_with_steps } from '../activity/trace.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { record_sources } from '../logs/llm-run-record.ts';
import { decision_object } from '../policies/decision-object.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

export const live_statuses = ['queued', 'running', 'retry'] as const;
export const ended_statuses = ['succeeded', 'failed', 'failed_policy', 'cancelled'] as const;

const of_run = z.strictObject({ id: idOf('run') });

const run_filter = <const Status extends string>(statuses: readonly [Status, ...Status[]]) => ({
  q: free_text.optional().meta({
    description:
      'In the goal, in the name of the agent or actor, in why it ended (timeout); all of the name of its session, or how its id begins',
  }),
  ...asker_filter,
  model: namesOf('Runs with a call of it'),
  provider: namesOf('Runs with a call of it'),
  source: words(run_modes).meta({ description: 'How the run came to be' }),
  status: words(statuses),
  hold: words(run_holds).meta({ description: 'What holds it: nothing, a pause, or that it is being stopped' }),
  reason: words(termination_reasons).meta({ description: 'Why it ended' }),
  policy: namesOf('Runs that violated a policy in force, by its id or name'),
  risk: words(severities).meta({ description: 'Severity of an incident of the run' }),
  cost: costs.meta({
    description:
      'Compared in USD: >0.5, <=2; of several, all hold. A run with calls of unknown price costs at least what is known: no `<` lists it. With `unknown`, runs with such calls are listed too; alone, only those',
  }),
  elapsed: spans.meta({
    description: 'From its start to its end, or to now: >30s, <=500ms, <2h; of several, all hold',
  }),
  ...time_filter,
  ...synthetic_filter,
});

const runs_query = <const Status extends string>(statuses: readonly [Status, ...Status[]]) =>
  z.strictObject({ ...page_query.shape, ...run_filter(statuses) });

const all_runs_query = runs_query(run_statuses);
export type RunsQuery = z.infer<typeof all_runs_query>;

const metrics_query = z.strictObject({
  ...asker_filter,
  model: names,
  provider: names,
  ...time_filter,
  ...synthetic_filter,
  source: words(record_sources).meta({ description: 'Where calls are known from; reported ones only when asked for' }),
  bucket: z.enum(metric_buckets).optional().meta({ description: 'Width of a bucket; by default it follows the range' }),
  group_by: z.enum(metric_askers).optional().meta({ description: 'Also by person or by key: see by_asker' }),
});
export type MetricsQuery = z.infer<typeof metrics_query>;

const outcomes_query = z.strictObject({
  ...run_filter(run_statuses),
  bucket: metrics_query.shape.bucket,
});
export type OutcomesQuery = z.infer<typeof outcomes_query>;

const facets_query = z.strictObject({
  ...run_filter(run_statuses),
  part: z.enum(['live', 'completed']).optional().meta({ description: 'Of the runs that have not ended, or that have' }),
});
export type FacetsQuery = z.infer<typeof facets_query>;

const page_only = z.strictObject(page_query.shape);

const run_page = pageOf(run_object).meta({ id: 'RunPage' });

/** What ran, and what was decided about it. */
export const activity_endpoints = {
  listLiveRuns: endpoint({
    method: 'GET',
    path: '/api/v1/activity/live',
    summary: 'Runs that have not ended, newest first',
    permission: 'read',
    query: runs_query(live_statuses),
    answer: run_page,
  }),
  listCompletedRuns: endpoint({
    method: 'GET',
    path: '/api/v1/activity/completed',
    summary: 'Runs that have ended, newest first',
    permission: 'read',
    query: runs_query(ended_statuses),
    answer: run_page,
  }),
  getMetrics: endpoint({
    method: 'GET',
    path: '/api/v1/activity/metrics',
    summary: 'Calls, refusals, tokens, cost and durations over time, by model, agent and project, and by person or key',
    permission: 'read',
    query: metrics_query,
    answer: metrics,
  }),
  getOutcomes: endpoint({
    method: 'GET',
    path: '/api/v1/activity/outcomes',
    summary: 'Runs over time by how they ended, and decisions by what was decided',
    permission: 'read',
    query: outcomes_query,
    answer: run_outcomes,
  }),
  getRunFacets: endpoint({
    method: 'GET',
    path: '/api/v1/activity/facets',
    summary: 'How many runs of a list have each status, reason, source, agent and model',
    permission: 'read',
    query: facets_query,
    answer: run_facets,
  }),
  listRuns: endpoint({
    method: 'GET',
    path: '/api/v1/runs',
    summary: 'All runs, newest first',
    permission: 'read',
    query: all_runs_query,
    answer: run_page,
  }),
  getRun: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:id',
    summary: 'A run with its trace, totals and links; a key that may not read others sees the runs it began',
    permission: 'read_own_runs',
    params: of_run,
    answer: run_detail,
  }),
  getTrace: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:id/trace',
    summary: 'The trace of a run with its first steps in order; a key that may not read others has those it began',
    permission: 'read_own_runs',
    params: of_run,
    answer: trace_with_steps,
  }),
  listSteps: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:id/steps',
    summary: 'The steps of a run, in order',
    permission: 'read_own_runs',
    params: of_run,
    query: page_only,
    answer: pageOf(step).meta({ id: 'StepPage' }),
  }),
  listRunDecisions: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:id/decisions',
    summary: 'The decisions of a run, plain allows included, newest first',
    permission: 'read_own_runs',
    params: of_run,
    query: page_only,
    answer: pageOf(decision_object).meta({ id: 'DecisionPage' }),
  }),
  getDecision: endpoint({
    method: 'GET',
    path: '/api/v1/decisions/:id',
    summary: 'A decision with every reason',
    permission: 'read_own_runs',
    params: z.strictObject({ id: idOf('decision') }),
    answer: decision_object,
  }),
} satisfies Endpoints;
