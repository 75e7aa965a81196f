import type { AskerFilter } from '@aos/core/activity/filter.ts';
import { type Named, namedBy } from '@aos/core/activity/named.ts';
import type { Tx } from '../base/database.ts';
import type { Filter } from './list.ts';

/** What a list is narrowed to by who asks and by what was asked, as ids. */
export interface Scope {
  /** An absent member does not narrow; `some` that is empty matches nothing. */
  ids: { [Name in keyof AskerFilter]?: Named };
  /** Null: both kinds. */
  is_synthetic: boolean | null;
}

interface Asked extends AskerFilter {
  is_synthetic?: 'true' | 'false' | 'all' | undefined;
}

/** For each kind: the ids of the rows that have one of the ids or names in $2. */
const named: Record<keyof AskerFilter, string> = {
  agent: 'select id from agents where tenant_id = $1 and (id = any($2) or slug = any($2))',
  actor: 'select id from actors where tenant_id = $1 and (id = any($2) or slug = any($2))',
  api_key: 'select id from api_keys where tenant_id = $1 and (id = any($2) or name = any($2))',
  project: 'select id from projects where tenant_id = $1 and (id = any($2) or slug = any($2))',
  session: `select s.id from sessions s where s.tenant_id = $1 and s.id = any($2)
    union select s.id from projects p join sessions s
      on s.tenant_id = p.tenant_id and s.project_id = p.id and s.external_id = any($2) where p.tenant_id = $1`,
};

/**
 * Finds the ids that names stand for; a name nobody has matches nothing, leaves nothing out, and is no error. `bound_to`
 * is the only project whose objects the caller may see. Synthetic rows are left out unless they are asked for, or the list
 * is that of the project `demo`.
 */
export async function scopeOf(tx: Tx, tenant_id: string, bound_to: string | null, asked: Asked): Promise<Scope> {
  const kinds = Object.keys(named) as (keyof AskerFilter)[];
  const idsOf = async (kind: keyof AskerFilter, names: string[]) => {
    const rows = await tx.query<{ id: string }>(named[kind], [tenant_id, names]);
    return rows.map((row) => row.id);
  };
  const may_be_demo = asked.is_synthetic === undefined && (bound_to !== null || asked.project !== undefined);
  const finding = kinds.map(async (kind) => {
    const values = asked[kind];
    if (values === undefined) return [];
    const { some, none } = namedBy(values);
    const [ids, left_out] = await Promise.all([some && idsOf(kind, some), none && idsOf(kind, none)]);
    return [[kind, { some: ids, none: left_out }] as const];
  });
  const [demo, found] = await Promise.all([
    may_be_demo ? idsOf('project', ['demo']) : ([] as string[]),
    Promise.all(finding),
  ]);
  const ids: Scope['ids'] = Object.fromEntries(found.flat());
  if (bound_to !== null) {
    const { some = [bound_to], none } = ids.project ?? {};
    ids.project = { some: some.filter((id) => id === bound_to), none };
  }
  const projects = ids.project?.some ?? [];
  const is_demo = projects.length > 0 && projects.every((id) => demo.includes(id));
  return { ids, is_synthetic: syntheticOf(asked.is_synthetic, is_demo) };
}

function syntheticOf(asked: Asked['is_synthetic'], is_demo: boolean): boolean | null {
  if (asked === undefined) return is_demo ? null : false;
  return asked === 'all' ? null : asked === 'true';
}

/** Narrows a list whose table has the columns of who asked under this alias. */
export function inScope(filter: Filter, alias: string, { ids, is_synthetic }: Scope): Filter {
  filter
    .named(`${alias}.agent_id`, ids.agent)
    .named(`${alias}.actor_id`, ids.actor)
    .named(`${alias}.api_key_id`, ids.api_key)
    .named(`${alias}.project_id`, ids.project)
    .named(`${alias}.session_id`, ids.session);
  if (is_synthetic === null) return filter;
  return filter.always(is_synthetic ? `${alias}.is_synthetic` : `not ${alias}.is_synthetic`);
}
