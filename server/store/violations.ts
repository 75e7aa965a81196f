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

const columns = [
  'tenant_id',
  'id',
  'run_id',
  'step_id',
  'decision_id',
  'policy_id',
  'policy_version',
  'control_id',
  'control_type',
  'mode',
  'action',
  'category',
  'severity',
  'subject',
  'unit',
  'limit_value',
  'used',
  'requested',
  'is_synthetic',
  'occurred_at',
] as const satisfies (keyof ViolationRow)[];

/**
 * Each stands with the incident of its run and policy, where there is one: incidents of the same calls are opened before.
 * Linked afterwards, the violations would be looked for with a plan that was made when their partition was empty, and
 * that may read all of the tenant's.
 */
const insert_violations = `insert into violations (${columns.join(', ')}, incident_id)
  select ${columns.map((name) => `v.${name}`).join(', ')}, (
      select i.id from incidents i
        where i.tenant_id = v.tenant_id and i.source_run_id = v.run_id and i.violation_policy_id = v.policy_id)
    from json_populate_recordset(null::violations, $1) v on conflict do nothing`;

export async function insertViolations(tx: Tx, rows: readonly ViolationRow[]): Promise<void> {
  if (rows.length > 0) await tx.query(insert_violations, [jsonText(rows)], 'insert_violations');
}
