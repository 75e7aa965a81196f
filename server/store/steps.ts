import type { Json } from '@aos/core/base/json.ts';
import { type Columns, inserter } from './insert-rows.ts';

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

const columns: Columns<StepRow> = {
  tenant_id: 'text',
  id: 'text',
  trace_id: 'text',
  run_id: 'text',
  kind: 'text',
  skill: 'text',
  params: 'jsonb',
  status: 'text',
  decision_id: 'text',
  cost_usd: 'numeric',
  error: 'jsonb',
  started_at: 'timestamptz',
  ended_at: 'timestamptz',
  duration_ms: 'integer',
  is_synthetic: 'boolean',
};

export const insertSteps = inserter('steps', columns);
