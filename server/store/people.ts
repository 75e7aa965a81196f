import { mayDo, roles } from '@aos/core/access/permission.ts';
import type { Tx } from '../base/database.ts';
import { member_hash } from './api-keys.ts';

/**
 * Who stands behind each of these keys, as the ids of the keys they began with: a member is themselves, any other key
 * acts for whoever made it, and a rotated one for whoever made any of its chain. Two keys that share one are the same
 * person's.
 */
export async function peopleBehind(tx: Tx, key_ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const rows = await tx.query<{ asked: string; person: string }>(
    `with recursive up (asked, id, lineage_id, created_by, is_member) as (
        select k.id, k.id, k.lineage_id, k.created_by, k.hash like '${member_hash}%'
          from api_keys k where k.tenant_id = current_tenant() and k.id = any ($1)
        union
        select up.asked, k.id, k.lineage_id, k.created_by, k.hash like '${member_hash}%'
          from up join api_keys k on k.tenant_id = current_tenant() and k.id in (up.lineage_id, up.created_by)
          where not up.is_member
      )
      select asked, id as person from up
        where is_member or (id = lineage_id and not exists
          (select from api_keys k where k.tenant_id = current_tenant() and k.id = up.created_by))`,
    [[...new Set(key_ids)]],
  );
  const people = new Map<string, Set<string>>();
  for (const { asked, person } of rows) people.set(asked, (people.get(asked) ?? new Set()).add(person));
  return people;
}

/** Keys and members of the tenant who may put policies in force at this instant. */
export async function mayActivate(tx: Tx, at: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from api_keys where tenant_id = current_tenant() and role = any ($1) and revoked_at is null
      and (expires_at is null or expires_at > $2)`,
    [roles.filter((role) => mayDo(role, 'activate_policies')), at],
  );
  return rows.map(({ id }) => id);
}

/** What people and keys are called. `own`: the only project whose people and keys the caller may see. */
export async function namesOfKeys(tx: Tx, ids: readonly string[], own: string | null): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; name: string }>(
    `select k.id, coalesce(m.name, k.name) as name from api_keys k
      left join members m on m.tenant_id = k.tenant_id and m.api_key_id = k.id
      where k.tenant_id = current_tenant() and k.id = any ($1) and ($2::text is null or k.project_id = $2)`,
    [ids, own],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The projects of keys by what policies know them by; null: a key of the whole tenant. */
export async function projectsOfKeys(tx: Tx, ids: readonly string[]): Promise<Map<string, string | null>> {
  const rows = await tx.query<{ id: string; project_id: string | null }>(
    'select id, project_id from api_keys where tenant_id = current_tenant() and id = any ($1)',
    [ids],
  );
  return new Map(rows.map(({ id, project_id }) => [id, project_id]));
}
