import type { Tx } from '../base/database.ts';

/** The lineage of each key among the ids; ids of no key are not in the answer. */
export async function lineagesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; lineage_id: string }>(
    'select id, lineage_id from api_keys where id = any ($1)',
    [ids],
  );
  return new Map(rows.map(({ id, lineage_id }) => [id, lineage_id]));
}

/** A subject that is known under a name: by its id or by the name its caller chose. */
export interface KnownName {
  kind: 'project' | 'agent' | 'actor' | 'api_key';
  name: string;
  actor_kind: 'human' | 'service' | 'system' | null;
}

/** Which of the names belong to a subject, and of which kind; a name may belong to several. */
export async function knownNames(tx: Tx, names: readonly string[]): Promise<KnownName[]> {
  if (names.length === 0) return [];
  return tx.query<KnownName>(
    `select k.kind, n.name, k.actor_kind from unnest($1::text[]) n(name)
      join (
        select 'project' as kind, id, slug, null as actor_kind from projects where id = any ($1) or slug = any ($1)
        union all select 'agent', id, slug, null from agents where id = any ($1) or slug = any ($1)
        union all select 'actor', id, slug, kind from actors where id = any ($1) or slug = any ($1)
        union all select 'api_key', id, id, null from api_keys where id = any ($1)
      ) k on n.name in (k.id, k.slug)`,
    [[...new Set(names)]],
  );
}

/** Names that callers chose, the newest thousand of each kind. */
export function slugsInUse(tx: Tx): Promise<{ kind: 'project' | 'agent' | 'actor'; slug: string }[]> {
  return tx.query(
    `(select 'project' as kind, slug from projects where tenant_id = current_tenant() order by id desc limit 1000)
      union all (select 'agent', slug from agents where tenant_id = current_tenant() order by id desc limit 1000)
      union all (select 'actor', slug from actors where tenant_id = current_tenant() order by id desc limit 1000)`,
  );
}

/** The actors that some of the names stand for, by id with what callers name them. */
export async function actorsNamed(tx: Tx, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; slug: string }>(
    'select id, slug from actors where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))',
    [names],
  );
  return new Map(rows.map(({ id, slug }) => [id, slug]));
}

/** What people call keys, agents, actors and projects, by their ids. */
export async function namesOfIds(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; name: string }>(
    `select id, name from api_keys where tenant_id = current_tenant() and id = any ($1)
      union all select id, slug from agents where tenant_id = current_tenant() and id = any ($1)
      union all select id, slug from actors where tenant_id = current_tenant() and id = any ($1)
      union all select id, slug from projects where tenant_id = current_tenant() and id = any ($1)`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
