import type { UsageSource } from '@aos/core/activity/usage.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** One LLM call, complete: what a replay, a bill or an auditor needs. Columns of `llm_run_records`. */
export interface LlmRunRecordRow {
  tenant_id: string;
  id: string;
  run_id: string;
  trace_id: string;
  step_id: string;
  decision_id: string;
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
  prompt_hash: string;
  response_hash: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_input_tokens: number | null;
  cache_write_tokens: number | null;
  reasoning_tokens: number | null;
  usage_source: UsageSource;
  cost_usd: string | null;
  price_id: string | null;
  price_version: string | null;
  policy_snapshot_id: string;
  verdict: string;
  estimate: Json;
  holds: Json;
  tags: Json;
  source: 'gateway' | 'managed' | 'reported';
  is_synthetic: boolean;
  synthetic_scenario_id: string | null;
  admitted_at: string;
  first_byte_at: string | null;
  settled_at: string;
}

export async function insertRecords(tx: Tx, rows: readonly LlmRunRecordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    'insert into llm_run_records select * from json_populate_recordset(null::llm_run_records, $1) on conflict do nothing',
    [jsonText(rows)],
    'insert_records',
  );
}
