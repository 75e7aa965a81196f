import { z } from 'zod';
import { display_name, reference } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

/** A page of the console, as its address begins. */
const page_path = z
  .string()
  .max(100)
  .regex(/^(\/[a-z0-9-]+)+$/, 'must be the path of a page of the console, like /activity/completed')
  .meta({ description: 'The page of the console that it is of' });

const search = z
  .string()
  .max(2_000)
  .regex(/^[^\s\p{C}#?]*$/u, 'must be what stands behind the ? of an address')
  .meta({ description: 'Filters, tab and scale, as the address of the page has them behind its `?`' });

const view = z.object({
  id: idOf('view'),
  project_id: idOf('project').nullable().meta({ description: 'Who sees it; null: everybody of the tenant' }),
  path: z.string(),
  name: z.string(),
  search: z.string(),
  created_by: z.string(),
  created_at: instant,
  url: z.string(),
});
const shared_view = view.meta({ id: 'SharedView' });
export type SharedView = z.infer<typeof view>;

const shared = z.strictObject({
  path: page_path,
  name: display_name.max(60),
  search,
  project_id: reference
    .optional()
    .meta({ description: 'Id or slug; for keys of the whole tenant, whose views everybody sees without it' }),
});
export type ShareView = z.infer<typeof shared>;

/** What people look at again and again, for others too. */
export const view_endpoints = {
  listViews: endpoint({
    method: 'GET',
    path: '/api/v1/views',
    summary: 'Views of lists that are shared with the caller, newest first',
    permission: 'read',
    query: z.strictObject({ ...page_query.shape, path: page_path.optional() }),
    answer: pageOf(shared_view).meta({ id: 'SharedViewPage' }),
  }),
  shareView: endpoint({
    method: 'POST',
    path: '/api/v1/views',
    summary: 'Share what a list is narrowed to, under a name; 409 when the name is taken',
    permission: 'operate',
    body: shared,
    answer: shared_view,
    status: 201,
  }),
  forgetView: endpoint({
    method: 'DELETE',
    path: '/api/v1/views/:id',
    summary: 'Share a view no longer',
    permission: 'operate',
    params: z.strictObject({ id: idOf('view') }),
    answer: shared_view,
  }),
} satisfies Endpoints;
