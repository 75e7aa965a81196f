import { z } from 'zod';
import { count } from '../base/column.ts';
import { instant } from '../base/time.ts';
import { metric_buckets } from './metrics.ts';

const outcomes = {
  open: count.meta({ description: 'Runs that began then and have not ended' }),
  succeeded: count,
  failed: count,
  failed_policy: count,
  cancelled: count,
};

const decided = {
  warn: count.meta({ description: 'Decisions of that time by what was decided; plain allows are not counted here' }),
  pause: count,
  block: count,
  kill: count,
  shadow: count.meta({ description: 'Let pass, but a policy in shadow would have refused' }),
};

/** Runs by the time they began and how they ended, and decisions by when and what they were. */
export const run_outcomes = z
  .object({
    from: instant,
    to: instant,
    bucket: z.enum(metric_buckets),
    buckets: z.array(z.object({ start: instant, runs: z.object(outcomes), decisions: z.object(decided) })),
    generated_at: instant,
  })
  .meta({ id: 'RunOutcomes' });
export type RunOutcomes = z.infer<typeof run_outcomes>;
export type OutcomeBucket = Omit<RunOutcomes['buckets'][number], 'start'>;
