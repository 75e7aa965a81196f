import type { Json } from '@aos/core/base/json.ts';
import type { Action } from '@aos/core/policies/action.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** A decision that is more than a plain allow, with every reason. Columns of `decisions`. */
export interface DecisionRow {
  tenant_id: string;
  id: string;
  run_id: string;
  /** Null: the run had ended and took no step. */
  step_id: string | null;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  session_id: string | null;
  verdict: Action;
  code: string | null;
  policy_id: string | null;
  control_id: string | null;
  policy_snapshot_id: string;
  call: Json;
  estimate: Json;
  contributions: Json;
  is_synthetic: boolean;
  decided_at: string;
}

const insert =
  'insert into decisions select * from json_populate_recordset(null::decisions, $1) on conflict do nothing';

export async function insertDecisions(tx: Tx, rows: readonly DecisionRow[]): Promise<void> {
  if (rows.length > 0) await tx.query(insert, [jsonText(rows)], 'insert_decisions');
}

/** The same for one; answers whether it was not there yet. Waits for a transaction that is writing it to end. */
export async function isNewDecision(tx: Tx, row: DecisionRow): Promise<boolean> {
  return (await tx.query(`${insert} returning id`, [jsonText([row])])).length > 0;
}
