import type { SharedView, ShareView, view_endpoints } from '@aos/core/api/views.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { cursorOf } from '../store/list.ts';
import { countViews, deleteView, findView, insertView, listViews, type ViewRow } from '../store/saved-views.ts';
import { found, inTenant, nowText, record } from './change.ts';
import { projectNamed } from './project-named.ts';
import { inReach } from './project-reach.ts';
import { pageOf, visibleProject } from './read.ts';

const path = '/api/v1/views';
/** Of one page, with the same people. */
const most = 100;

export const view_handlers: Handlers<typeof view_endpoints> = {
  listViews: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('view', query.cursor) };
      const slice = await listViews(tx, { path: query.path, bound_to: visibleProject(context) }, page);
      return pageOf(context, slice, (row) => viewObject(context, row as Row & ViewRow));
    }),

  shareView: ({ body }, context) =>
    inTenant(context, async (tx) => {
      const { deps, identity } = context;
      const project_id = await projectOf(tx, context, body);
      if ((await countViews(tx, { path: body.path, project_id })) >= most)
        throw new Problem('conflict', `${most} views of ${body.path} are shared already: forget one that nobody uses.`);
      const row = await insertView(tx, identity.tenant_id, {
        ...{ id: deps.makeId('view'), project_id, path: body.path, name: body.name, search: body.search },
        ...{ created_by: identity.api_key.id, created_at: nowText(context) },
      });
      if (!row) throw new Problem('conflict', `A view of ${body.path} is shared as "${body.name}": take another name.`);
      await keep(tx, context, 'VIEW_SHARED', null, row);
      return viewObject(context, row);
    }),

  forgetView: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const there = found(inReach(context, await findView(tx, params.id)), 'view', path);
      const row = found(await deleteView(tx, there.id), 'view', path);
      await keep(tx, context, 'VIEW_FORGOTTEN', row, null);
      return viewObject(context, row);
    }),
};

/** A key of one project shares with that one. */
async function projectOf(tx: Tx, context: Context, { project_id }: ShareView): Promise<string | null> {
  const own = visibleProject(context);
  const named = (await projectNamed(tx, project_id ?? null, 'project_id'))?.id ?? null;
  if (own !== null && named !== null && named !== own)
    throw new Problem(
      'forbidden',
      'This key belongs to another project. Leave project_id out: it shares with its own.',
    );
  return own ?? named;
}

const keep = (tx: Tx, context: Context, event: string, before: ViewRow | null, after: ViewRow | null) =>
  record(tx, context, {
    ...{ event, object_type: 'view', object_id: (after ?? before)?.id ?? '', before, after },
    project_id: (after ?? before)?.project_id ?? null,
  });

function viewObject(
  { deps }: Context,
  { id, project_id, name, search, created_by, created_at, ...of }: ViewRow,
): SharedView {
  const url = `${deps.config.public_url}${of.path}${search === '' ? '' : `?${search}`}`;
  return { id, project_id, path: of.path, name, search, created_by, created_at, url };
}
