import type { Aimed } from '@aos/core/policies/binding.ts';
import type { Tx } from '../base/database.ts';

/** The policies in force, as far as it matters whom they are about. */
export const policiesInForce = (tx: Tx): Promise<Aimed[]> =>
  tx.query<Aimed>(
    `select id, mode, document ->> 'name' as name, document -> 'target' as target,
        document ->> 'start_at' as start_at, document ->> 'expires_at' as expires_at
      from policies where status = 'active' order by id`,
  );

/** The slugs of projects, agents and human actors, by their ids. */
export async function slugsOf(
  tx: Tx,
  of: { projects: readonly string[]; agents: readonly string[]; actors: readonly string[] },
): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; slug: string }>(
    `select id, slug from projects where tenant_id = current_tenant() and id = any($1)
      union all select id, slug from agents where tenant_id = current_tenant() and id = any($2)
      union all select id, slug from actors where tenant_id = current_tenant() and id = any($3) and kind = 'human'`,
    [of.projects, of.agents, of.actors],
  );
  return new Map(rows.map(({ id, slug }) => [id, slug]));
}
