import type { Asker, Named } from '@aos/core/activity/call.ts';
import type { Tx } from './db.ts';

export type ActorName = NonNullable<Asker['actor']>;

/** The agent known by an id or a slug; registered under `new_id` at first sight when that is given. */
export async function nameAgent(
  tx: Tx,
  of: { tenant_id: string; project_id: string; name: string; new_id: string | null; at: string },
): Promise<Named | null> {
  const find = () =>
    tx.query<Named>('select id, slug from agents where tenant_id = $1 and (id = $2 or slug = $2)', [
      of.tenant_id,
      of.name,
    ]);
  const [found] = await find();
  if (found || of.new_id === null) return found ?? null;
  await tx.query(
    `insert into agents (tenant_id, id, project_id, slug, name, auto_registered, created_at) values ($1, $2, $3, $4, $4, true, $5)
      on conflict (tenant_id, slug) do nothing`,
    [of.tenant_id, of.new_id, of.project_id, of.name, of.at],
  );
  return (await find())[0] ?? null;
}

/** The actor known by an id or a slug; registered as a human under `new_id` at first sight when that is given. */
export async function nameActor(
  tx: Tx,
  of: { tenant_id: string; name: string; new_id: string | null; at: string },
): Promise<ActorName | null> {
  const find = () =>
    tx.query<ActorName>('select id, slug, kind from actors where tenant_id = $1 and (id = $2 or slug = $2)', [
      of.tenant_id,
      of.name,
    ]);
  const [found] = await find();
  if (found || of.new_id === null) return found ?? null;
  await tx.query(
    `insert into actors (tenant_id, id, slug, name, kind, auto_registered, created_at) values ($1, $2, $3, $3, 'human', true, $4)
      on conflict (tenant_id, slug) do nothing`,
    [of.tenant_id, of.new_id, of.name, of.at],
  );
  return (await find())[0] ?? null;
}
