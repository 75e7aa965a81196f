import { mayDo } from '@aos/core/access/permission.ts';
import { Problem } from '@aos/core/base/error.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { type Listing, type Page, readLongList, type Slice } from '../store/list.ts';
import { findRun, isOfKey } from '../store/runs-read.ts';
import { found, nowText } from './change.ts';

/** The only project whose objects the caller may see; null: all of its tenant. Owners own the whole tenant. */
export const visibleProject = ({ identity }: Context): string | null =>
  identity.role === 'owner' ? null : identity.project_id;

/** Whether the caller may read more than the runs that its own key began. */
export const mayRead = ({ identity }: Context): boolean => mayDo(identity.role, 'read');

/** A run that the caller may see; for a key without `read`, what its own lineage began. */
export async function visibleRun(tx: Tx, context: Context, id: string): Promise<Row> {
  const { tenant_id, api_key } = context.identity;
  const run = await findRun(tx, tenant_id, id, visibleProject(context));
  const may_see = mayRead(context) || (run !== undefined && (await isOfKey(tx, tenant_id, id, api_key.lineage_id)));
  return found(may_see ? run : undefined, 'run', '/api/v1/runs');
}

export const urlOf = ({ deps }: Context, id: unknown): string => consoleUrl(deps.config.public_url, String(id));

/** A slice as a list answers it; `show` makes the object of the API from a row. */
export const pageOf = <Item>(
  context: Context,
  { rows, next_cursor, total, total_at_least }: Slice,
  show: (row: Row) => Item,
) => ({
  items: rows.map(show),
  next_cursor,
  total,
  total_at_least,
  generated_at: nowText(context),
});

/** One page of a list over a table that grows with every call. */
export async function readPage<Scope, Item>(
  context: Context,
  page: Page,
  scope: (tx: Tx) => Promise<Scope>,
  listing: (scope: Scope) => Listing,
  show: (row: Row) => Item,
) {
  const { deps, identity } = context;
  return pageOf(context, await readLongList(deps.db, identity.tenant_id, scope, listing, page), show);
}

/** To say that a run stands still or is over, while its agent goes on elsewhere, would be untrue. */
export function refuseReported(run: { id?: unknown; mode?: unknown }): void {
  if (run.mode !== 'reported') return;
  throw new Problem(
    'conflict',
    `The run ${run.id} is only reported: its calls do not come by here, so nothing here can stop them.`,
  );
}
