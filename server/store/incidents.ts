import type { Category, Severity } from '@aos/core/activity/run.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

export interface NewIncident {
  tenant_id: string;
  id: string;
  source_run_id: string;
  violation_policy_id: string;
  trace_id: string;
  decision_id: string;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  category: Category;
  severity: Severity;
  status: 'open';
  title: string;
  occurrences: number;
  is_synthetic: boolean;
  opened_at: string;
  last_occurred_at: string;
}

/**
 * Opens incidents, one for each run and policy; a further occurrence is counted on the one that is there. The batch
 * must hold each run and policy once, in that order. Answers which of the new ids became incidents.
 */
export async function openIncidents(tx: Tx, rows: readonly NewIncident[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into incidents select * from json_populate_recordset(null::incidents, $1)
      on conflict (tenant_id, source_run_id, violation_policy_id) do update
        set occurrences = incidents.occurrences + excluded.occurrences,
            last_occurred_at = greatest(incidents.last_occurred_at, excluded.last_occurred_at)`,
    [jsonText(rows)],
    'open_incidents',
  );
}
