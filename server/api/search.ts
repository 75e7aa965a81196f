import { naming } from '@aos/core/activity/named.ts';
import type { search_endpoints } from '@aos/core/api/search.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { orTooMuch, readMany } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { type Hit, search } from '../store/search-read.ts';
import { inTenant, nowText } from './change.ts';
import { urlOf, visibleProject } from './read.ts';

/** Goals of runs are looked through for so long back at most; an id is found whatever its age. */
const goals_ms = 30 * 86_400_000;

export const search_handlers: Handlers<typeof search_endpoints> = {
  search: ({ query }, context) =>
    inTenant(context, async (tx) => {
      await readMany(tx);
      const since_ms = context.deps.clock.now() - goals_ms;
      const bound_to = visibleProject(context);
      const { is_synthetic } = await scopeOf(tx, context.identity.tenant_id, bound_to, query);
      const ask = { text: query.q, limit: query.limit, bound_to, is_synthetic, since_ms };
      const hits = await search(tx, ask).catch((error: unknown) => {
        throw orTooMuch(error);
      });
      return { items: hits.map((of) => ({ ...of, url: pageOf(context, of) })), generated_at: nowText(context) };
    }),
};

/** What has no page of its own is shown where it is listed. */
function pageOf(context: Context, { kind, id, name }: Hit): string {
  const list = lists[kind];
  if (list === undefined) return urlOf(context, id);
  return `${context.deps.config.public_url}${list(encodeURIComponent(naming(name)), id)}`;
}

const lists: Record<string, (name: string, id: string) => string> = {
  agent: (name) => `/activity/completed?agent=${name}`,
  actor: (name) => `/activity/completed?actor=${name}`,
  project: (name) => `/activity/completed?project=${name}`,
  api_key: (_, id) => `/settings/api-keys?peek=${id}`,
  channel: (_, id) => `/settings/channels?peek=${id}`,
};
