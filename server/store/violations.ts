import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** The stored fact that a control fired. Columns of `violations`. */
export interface ViolationRow {
  tenant_id: string;
  id: string;
  run_id: string;
  step_id: string;
  decision_id: string;
  policy_id: string;
  policy_version: number;
  control_id: string;
  control_type: string;
  mode: string;
  action: string;
  category: string;
  severity: string;
  subject: string;
  unit: string | null;
  limit_value: string | null;
  used: string | null;
  requested: string | null;
  is_synthetic: boolean;
  occurred_at: string;
}

export async function insertViolations(tx: Tx, rows: readonly ViolationRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    'insert into violations select * from json_populate_recordset(null::violations, $1) on conflict do nothing',
    [jsonText(rows)],
    'insert_violations',
  );
}

/** Links violations to the incident of their run and policy, where there is one. */
export async function linkViolations(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update violations v set incident_id = i.id from incidents i
      where v.tenant_id = current_tenant() and v.id = any ($1) and v.incident_id is null
        and i.tenant_id = v.tenant_id and i.source_run_id = v.run_id and i.violation_policy_id = v.policy_id`,
    [ids],
    'link_violations',
  );
}
