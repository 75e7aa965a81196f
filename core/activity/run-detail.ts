import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { run_object } from './run-object.ts';
import { trace } from './trace.ts';

/** A run with what belongs to it. */
export const run_detail = run_object
  .extend({
    trace: trace.nullable().meta({ description: 'Null while its first call is being admitted' }),
    steps_count: count,
    totals: z.object({
      calls: count,
      refused_calls: count,
      input_tokens: count,
      output_tokens: count,
      cost_usd: usd,
      decisions: count.meta({ description: 'Decisions that were more than a plain allow' }),
      violations: count,
      incidents: count,
    }),
    links: z
      .object({ trace: z.string(), steps: z.string(), decisions: z.string(), records: z.string(), ledger: z.string() })
      .meta({ description: 'Paths of the API' }),
  })
  .meta({ id: 'RunDetail' });
