import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { type Columns, inserter } from './insert-rows.ts';

export interface StepRow {
  tenant_id: string;
  id: string;
  trace_id: string;
  run_id: string;
  kind: 'llm' | 'tool' | 'retrieval' | 'query' | 'transform';
  skill: string;
  params: Json;
  status: 'succeeded' | 'failed' | 'blocked' | 'cancelled' | 'cut';
  /** Null: nothing was decided, the step was only reported. */
  decision_id: string | null;
  cost_usd: string | null;
  error: Json;
  started_at: string;
  ended_at: string;
  duration_ms: number;
  is_synthetic: boolean;
  /** The step in which the call was made, as its caller says; absent: nobody said. */
  parent_step_id?: string | null;
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
  parent_step_id: 'text',
};

/** For steps that no record stands for; `steps` reads both. */
export const insertSteps = inserter('step_rows', columns);

/** Steps of reported traces whose parents are known by now hang below them. */
export async function linkReportedSteps(tx: Tx, project_id: string, trace_ids: readonly string[]): Promise<void> {
  await tx.query(
    `update step_rows s set parent_step_id = parent.step_id
      from reported_spans child join reported_spans parent on parent.tenant_id = child.tenant_id
        and parent.project_id = child.project_id and parent.otel_trace_id = child.otel_trace_id
        and parent.span_id = child.parent_span_id
      where child.tenant_id = current_tenant() and child.project_id = $1 and child.otel_trace_id = any ($2)
        and s.tenant_id = child.tenant_id and s.id = child.step_id and s.parent_step_id is null`,
    [project_id, trace_ids],
  );
}
