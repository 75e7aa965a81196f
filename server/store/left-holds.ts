import type { Tx } from '../base/database.ts';

/** Open holds of the current tenant that a process took at least `older_than_s` ago, the oldest first. */
export async function oldHoldsOf(tx: Tx, instance_id: string, older_than_s: number, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from holds
      where instance_id = $1 and state = 'held' and admitted_at < clock_timestamp() - make_interval(secs => $2)
      order by id limit $3`,
    [instance_id, older_than_s, limit],
  );
  return rows.map((row) => row.id);
}

/** Those of these holds that are neither ended nor marked, locked: nobody marks one that is about to be released. */
export async function lockHeld(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from holds where tenant_id = current_tenant() and id = any ($1) and state = 'held' order by id for update`,
    [ids],
  );
  return rows.map((row) => row.id);
}
