import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf, idOrDefault } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { step } from './step.ts';

/** What the steps of a run add up to. Every step that did not succeed counts as failed. */
const trace_summary = z
  .object({
    steps_total: count,
    steps_succeeded: count,
    steps_failed: count,
    cost_usd: usd,
    duration_ms: count.meta({ description: 'Sum over the steps' }),
    violation: z
      .object({
        id: idOf('violation'),
        step_id: idOf('step').nullable(),
        policy_id: idOrDefault('policy'),
        reason: z.string().meta({ description: 'Category of the violation' }),
        occurred_at: instant,
      })
      .nullable()
      .meta({ description: 'The first one of the run' }),
  })
  .meta({ id: 'TraceSummary' });

/**
 * The steps of one run, as a whole: the columns of `traces`, with the first steps in order. While the run is open its
 * summary is that of the steps so far.
 */
export const trace = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('trace'),
    run_id: idOf('run'),
    started_at: instant,
    completed_at: instant.nullable(),
    incident_id: idOf('incident').nullable(),
    summary: trace_summary,
    url: z.string(),
  })
  .meta({ id: 'Trace' });

export const trace_with_steps = trace
  .extend({
    steps: z.array(step).meta({ description: 'The first 200 in order; `/steps` lists all' }),
    next_cursor: z.string().nullable().meta({ description: 'For `/steps`; null when all steps are here' }),
  })
  .meta({ id: 'TraceWithSteps' });
