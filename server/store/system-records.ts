import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

/** Something that happened to the installation itself. Columns of `system_records`. */
export interface SystemRecordRow {
  tenant_id: string;
  id: string;
  component: 'API' | 'GATEWAY' | 'WORKER' | 'SCHEDULER' | 'DB' | 'AUTH' | 'MIGRATION';
  event_type:
    | 'STARTUP'
    | 'SHUTDOWN'
    | 'DEPLOYMENT'
    | 'MIGRATION'
    | 'AUTH_CHANGE'
    | 'CONFIG_CHANGE'
    | 'ERROR'
    | 'HEALTH_CHECK'
    | 'DEGRADED_ENTER'
    | 'DEGRADED_EXIT';
  severity: 'INFO' | 'WARN' | 'CRITICAL';
  summary: string;
  details: Json;
  caused_by: 'SYSTEM' | 'HUMAN' | 'AUTOMATION';
  correlation_id: string | null;
  occurred_at: string;
}

export async function insertSystemRecord(tx: Tx, row: SystemRecordRow): Promise<void> {
  await tx.query('insert into system_records select * from json_populate_record(null::system_records, $1)', [
    jsonText(row),
  ]);
}

/** Whether the current tenant, that of the installation, has the first start of this version on record. */
export async function isDeployed(tx: Tx, version: string): Promise<boolean> {
  const rows = await tx.query(
    "select from system_records where event_type = 'DEPLOYMENT' and details ->> 'version' = $1 limit 1",
    [version],
  );
  return rows.length > 0;
}
