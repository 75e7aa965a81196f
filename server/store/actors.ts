import type { Actor } from '@aos/core/access/actor.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export type ActorRow = Omit<Actor, 'url'>;

const columns = 'id, slug, name, kind, auto_registered, created_at';

/** By id or slug. */
export async function findActor(tx: Tx, ref: string): Promise<ActorRow | undefined> {
  const rows = await tx.query<ActorRow>(
    `select ${columns} from actors where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

export function listActors(tx: Tx, page: { limit: number; cursor: string | null }): Promise<Slice> {
  return readNewest(tx, { table: 'actors', columns, filter: ofTenant() }, page);
}

/** Undefined: the slug is taken. */
export async function insertActor(tx: Tx, tenant_id: string, actor: ActorRow): Promise<ActorRow | undefined> {
  const rows = await tx.query<ActorRow>(
    `insert into actors (tenant_id, id, slug, name, kind, auto_registered, created_at) values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [tenant_id, actor.id, actor.slug, actor.name, actor.kind, actor.auto_registered, actor.created_at],
  );
  return rows[0];
}
