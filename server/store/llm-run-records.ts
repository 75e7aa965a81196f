import type { RecordedCharge } from '@aos/core/activity/charge.ts';
import type { UsageSource } from '@aos/core/activity/usage.ts';
import type { Json } from '@aos/core/base/json.ts';
import { type Columns, inserter } from './insert-rows.ts';

/**
 * One LLM call, complete: what a replay, a bill or an auditor needs. Columns of `llm_run_records`. Decision, snapshot,
 * verdict and prompt hash are null only where the call was reported and not made here.
 */
export interface LlmRunRecordRow {
  tenant_id: string;
  id: string;
  run_id: string;
  trace_id: string;
  step_id: string;
  decision_id: string | null;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  provider: string;
  model: string;
  wire: string;
  streamed: boolean;
  execution_status: 'succeeded' | 'failed' | 'cancelled' | 'cut';
  http_status: number | null;
  error_code: string | null;
  error_message: string | null;
  prompt_hash: string | null;
  response_hash: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_input_tokens: number | null;
  /** For an hour or less; those for an hour are a part of it. */
  cache_write_tokens: number | null;
  cache_write_1h_tokens: number | null;
  reasoning_tokens: number | null;
  audio_input_tokens: number | null;
  audio_output_tokens: number | null;
  web_searches: number | null;
  /** What the call was granted; with it, the record stands for its step, of which there is no other row. */
  max_output_tokens: number | null;
  usage_source: UsageSource;
  cost_usd: string | null;
  /** What the cost is the sum of; null where it is not known. */
  charges: RecordedCharge[] | null;
  price_id: string | null;
  price_version: string | null;
  policy_snapshot_id: string | null;
  verdict: string | null;
  estimate: Json;
  holds: Json;
  tags: Json;
  step_name: string | null;
  parent_step_id: string | null;
  traceparent: string | null;
  source: 'gateway' | 'managed' | 'reported';
  is_synthetic: boolean;
  synthetic_scenario_id: string | null;
  admitted_at: string;
  first_byte_at: string | null;
  settled_at: string;
}

const columns: Columns<LlmRunRecordRow> = {
  tenant_id: 'text',
  id: 'text',
  run_id: 'text',
  trace_id: 'text',
  step_id: 'text',
  decision_id: 'text',
  project_id: 'text',
  agent_id: 'text',
  actor_id: 'text',
  api_key_id: 'text',
  session_id: 'text',
  provider: 'text',
  model: 'text',
  wire: 'text',
  streamed: 'boolean',
  execution_status: 'text',
  http_status: 'integer',
  error_code: 'text',
  error_message: 'text',
  prompt_hash: 'text',
  response_hash: 'text',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cached_input_tokens: 'bigint',
  cache_write_tokens: 'bigint',
  cache_write_1h_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  audio_input_tokens: 'bigint',
  audio_output_tokens: 'bigint',
  web_searches: 'bigint',
  max_output_tokens: 'bigint',
  usage_source: 'text',
  cost_usd: 'numeric',
  charges: 'json',
  price_id: 'text',
  price_version: 'text',
  policy_snapshot_id: 'text',
  verdict: 'text',
  estimate: 'jsonb',
  holds: 'json',
  tags: 'jsonb',
  step_name: 'text',
  parent_step_id: 'text',
  traceparent: 'text',
  source: 'text',
  is_synthetic: 'boolean',
  synthetic_scenario_id: 'text',
  admitted_at: 'timestamptz',
  first_byte_at: 'timestamptz',
  settled_at: 'timestamptz',
};

export const insertRecords = inserter('llm_run_records', columns);
