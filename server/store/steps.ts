import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

export interface StepRow {
  tenant_id: string;
  id: string;
  trace_id: string;
  run_id: string;
  kind: 'llm';
  skill: string;
  params: Json;
  status: 'succeeded' | 'failed' | 'blocked' | 'cancelled' | 'cut';
  decision_id: string;
  cost_usd: string | null;
  error: Json;
  started_at: string;
  ended_at: string;
  duration_ms: number;
  is_synthetic: boolean;
}

export async function insertSteps(tx: Tx, rows: readonly StepRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    'insert into steps select * from json_populate_recordset(null::steps, $1) on conflict do nothing',
    [jsonText(rows)],
    'insert_steps',
  );
}
