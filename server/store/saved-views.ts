import type { SharedView } from '@aos/core/api/views.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export type ViewRow = Omit<SharedView, 'url'>;

const columns = 'id, project_id, path, name, search, created_by, created_at';

/** Those of everybody, and of the project that the caller sees; all where it sees all. */
export function listViews(
  tx: Tx,
  of: { path: string | undefined; bound_to: string | null },
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const filter = ofTenant()
    .where('path = ?', of.path)
    .where('(project_id is null or project_id = ?)', of.bound_to ?? undefined);
  return readNewest(tx, { table: 'saved_views', columns, filter }, page);
}

/** Undefined: the name is taken. */
export async function insertView(tx: Tx, tenant_id: string, of: ViewRow): Promise<ViewRow | undefined> {
  const [row] = await tx.query<ViewRow>(
    `insert into saved_views (tenant_id, ${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict do nothing returning ${columns}`,
    [tenant_id, of.id, of.project_id, of.path, of.name, of.search, of.created_by, of.created_at],
  );
  return row;
}

/** How many are shared of a page with the same people. */
export async function countViews(tx: Tx, of: Pick<ViewRow, 'path' | 'project_id'>): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    `select count(*)::int as n from saved_views
      where tenant_id = current_tenant() and path = $1 and project_id is not distinct from $2`,
    [of.path, of.project_id],
  );
  return row?.n ?? 0;
}

export async function findView(tx: Tx, id: string): Promise<ViewRow | undefined> {
  const [row] = await tx.query<ViewRow>(
    `select ${columns} from saved_views where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return row;
}

/** Undefined: somebody was faster. */
export async function deleteView(tx: Tx, id: string): Promise<ViewRow | undefined> {
  const [row] = await tx.query<ViewRow>(
    `delete from saved_views where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [id],
  );
  return row;
}
