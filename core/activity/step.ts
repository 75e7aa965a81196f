import { z } from 'zod';
import { usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

const step_kinds = ['llm', 'tool', 'retrieval', 'query', 'transform'] as const;
const step_statuses = ['succeeded', 'failed', 'blocked', 'cancelled', 'cut'] as const;

/** One action inside a run: the columns of `steps`, its place on the run's page, and the way to its record. */
export const step = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('step'),
    trace_id: idOf('trace'),
    run_id: idOf('run'),
    kind: z.enum(step_kinds),
    skill: z.string(),
    params: z.unknown(),
    status: z.enum(step_statuses),
    decision_id: idOf('decision'),
    cost_usd: usd.nullable().meta({ description: 'Null: the model has no price, or nothing was called' }),
    error: z.unknown(),
    started_at: instant,
    ended_at: instant,
    duration_ms: z.int(),
    is_synthetic: z.boolean(),
    record_id: idOf('record')
      .nullable()
      .meta({ description: 'The LLM run record of the call; null when none was made' }),
    url: z.string(),
  })
  .meta({ id: 'Step' });
