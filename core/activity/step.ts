import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { run_modes } from './run.ts';

export const step_kinds = ['llm', 'tool', 'retrieval', 'query', 'transform'] as const;
const step_verdicts = ['continue', 'warn', 'pause', 'block', 'kill'] as const;
const step_statuses = ['succeeded', 'failed', 'blocked', 'cancelled', 'cut'] as const;

/** One action inside a run: the columns of `steps`, what was decided about it, and what the record of its call says. */
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
    decision_id: idOf('decision').nullable().meta({ description: 'Null: the step was reported, nothing was decided' }),
    cost_usd: usd.nullable().meta({ description: 'Null: the model has no price, or nothing was called' }),
    error: z.unknown(),
    started_at: instant,
    ended_at: instant,
    duration_ms: z.int(),
    is_synthetic: z.boolean(),
    parent_step_id: idOf('step')
      .nullable()
      .meta({ description: 'The step in which the call was made, as its caller said in x-aos-step-id' }),
    source: z
      .enum(run_modes)
      .meta({ description: 'How its run came to be; reported steps were observed, not governed' }),
    record_id: idOf('record')
      .nullable()
      .meta({ description: 'The LLM run record of the call; null when none was made' }),
    provider: z.string().nullable().meta({ description: 'Of the record, as the model and the tokens' }),
    model: z.string().nullable(),
    input_tokens: count.nullable(),
    output_tokens: count.nullable(),
    verdict: z
      .enum(step_verdicts)
      .nullable()
      .meta({ description: 'What was decided about it; null: it was reported, nothing was decided' }),
    shadow_verdict: z
      .enum(step_verdicts)
      .nullable()
      .meta({ description: 'What a policy in shadow would have decided; null: no such policy fired' }),
    url: z.string(),
  })
  .meta({ id: 'Step' });
