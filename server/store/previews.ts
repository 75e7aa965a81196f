import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

export interface PreviewRow {
  id: string;
  /** Null: of the whole tenant. */
  project_id: string | null;
  created_by: string;
  status: 'running' | 'ready' | 'failed' | 'cancelled';
  request: Json;
  calls_done: string;
  calls_total: string | null;
  result: Json;
  error: string | null;
  created_at: string;
  touched_at: string;
  ended_at: string | null;
}

const columns =
  'id, project_id, created_by, status, request, calls_done, calls_total, result, error, created_at, touched_at, ended_at';

/** How long what came of a preview can be asked for. */
const kept_for = '7 days';

/** Notes a preview that begins, and forgets those of long ago. */
export async function beginPreview(
  tx: Tx,
  tenant_id: string,
  of: Pick<PreviewRow, 'id' | 'project_id' | 'created_by' | 'request' | 'created_at'>,
): Promise<void> {
  await tx.query(
    `delete from previews where tenant_id = current_tenant() and created_at < $1::timestamptz - $2::interval`,
    [of.created_at, kept_for],
  );
  await tx.query(
    `insert into previews (tenant_id, id, project_id, created_by, status, request, created_at, touched_at)
      values ($1, $2, $3, $4, 'running', $5, $6, $6)`,
    [tenant_id, of.id, of.project_id, of.created_by, jsonText(of.request), of.created_at],
  );
}

export async function findPreview(tx: Tx, id: string): Promise<PreviewRow | undefined> {
  const [row] = await tx.query<PreviewRow>(
    `select ${columns} from previews where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return row;
}

/** How far it is. False: it was cancelled meanwhile. */
export async function touchPreview(
  tx: Tx,
  of: { id: string; calls_done: number; calls_total: number | null; at: string },
): Promise<boolean> {
  const rows = await tx.query(
    `update previews set calls_done = $2, calls_total = $3, touched_at = $4
      where tenant_id = current_tenant() and id = $1 and status = 'running' returning id`,
    [of.id, of.calls_done, of.calls_total, of.at],
  );
  return rows.length > 0;
}

/** Ends a preview that is running; undefined: it has ended already. */
export async function endPreview(
  tx: Tx,
  of: {
    id: string;
    status: 'ready' | 'failed' | 'cancelled';
    calls_done?: number;
    result: Json;
    error: string | null;
    at: string;
  },
): Promise<PreviewRow | undefined> {
  const [row] = await tx.query<PreviewRow>(
    `update previews set status = $2, calls_done = coalesce($3, calls_done), calls_total = coalesce($3, calls_total), result = $4,
        error = $5, touched_at = $6, ended_at = $6
      where tenant_id = current_tenant() and id = $1 and status = 'running' returning ${columns}`,
    [of.id, of.status, of.calls_done ?? null, of.result === null ? null : jsonText(of.result), of.error, of.at],
  );
  return row;
}
