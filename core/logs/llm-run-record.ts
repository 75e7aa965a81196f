import { z } from 'zod';
import { recorded_charge } from '../activity/charge.ts';
import { asker_names } from '../activity/run-object.ts';
import { count, tags, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

export const execution_statuses = ['succeeded', 'failed', 'cancelled', 'cut'] as const;
export const record_sources = ['gateway', 'managed', 'reported'] as const;

/** One LLM call, write-once: the columns of `llm_run_records` and the page that shows it. */
export const llm_run_record = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('record'),
    run_id: idOf('run'),
    trace_id: idOf('trace'),
    step_id: idOf('step'),
    decision_id: idOf('decision').nullable().meta({ description: 'Null: the call was reported, not decided here' }),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    session_id: idOf('session').nullable(),
    provider: z.string(),
    model: z.string(),
    wire: z.string(),
    streamed: z.boolean(),
    execution_status: z.enum(execution_statuses),
    http_status: z.int().nullable(),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    prompt_hash: z.string().nullable(),
    response_hash: z.string().nullable(),
    input_tokens: count.nullable(),
    output_tokens: count.nullable(),
    cached_input_tokens: count.nullable(),
    cache_write_tokens: count
      .nullable()
      .meta({ description: 'Written to the cache of the provider, for an hour or less' }),
    cache_write_1h_tokens: count.nullable().meta({ description: 'Of these, for an hour. Null: an older record' }),
    reasoning_tokens: count.nullable(),
    audio_input_tokens: count.nullable(),
    audio_output_tokens: count.nullable(),
    max_output_tokens: count
      .nullable()
      .meta({ description: 'What the call was granted. Null: an older record, or a reported one' }),
    web_searches: count.nullable().meta({ description: 'Searches that the provider ran and bills one by one' }),
    usage_source: z.enum(['provider', 'estimated', 'none']),
    cost_usd: usd.nullable().meta({ description: 'Null: the model has no price' }),
    charges: z.array(recorded_charge).nullable().meta({
      description:
        'What the cost is the sum of: quantity × price_usd / per, summed exactly, rounded up once to nine places. Null: the cost is not known, or an older record',
    }),
    price_id: z.string().nullable(),
    price_version: z.string().nullable(),
    policy_snapshot_id: idOf('snapshot').nullable(),
    verdict: z.string().nullable(),
    estimate: z.unknown(),
    holds: z
      .unknown()
      .meta({ description: 'What was held on each balance before the call, and what was posted after' }),
    tags,
    step_name: z.string().nullable().meta({ description: 'What the plan of the run calls its step' }),
    parent_step_id: idOf('step').nullable().meta({ description: 'The step in which the call was made' }),
    traceparent: z
      .string()
      .nullable()
      .meta({ description: 'The span in which the call was made, as its caller told it' }),
    source: z.enum(record_sources),
    is_synthetic: z.boolean(),
    synthetic_scenario_id: z.string().nullable(),
    admitted_at: instant,
    first_byte_at: instant.nullable(),
    settled_at: instant,
    ...asker_names,
    url: z.string(),
  })
  .meta({ id: 'LlmRunRecord' });
export type LlmRunRecord = z.infer<typeof llm_run_record>;
