import type { Agent } from '@aos/core/access/agent.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export type AgentRow = Omit<Agent, 'url'>;

const columns = 'id, project_id, slug, name, auto_registered, created_at';

/** By id or slug. */
export async function findAgent(tx: Tx, ref: string): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `select ${columns} from agents where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

export function listAgents(
  tx: Tx,
  of: { project_id?: string | undefined },
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const filter = ofTenant().where('project_id = ?', of.project_id);
  return readNewest(tx, { table: 'agents', columns, filter }, page);
}

/** Undefined: the slug is taken. */
export async function insertAgent(tx: Tx, tenant_id: string, agent: AgentRow): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `insert into agents (tenant_id, id, project_id, slug, name, auto_registered, created_at) values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [tenant_id, agent.id, agent.project_id, agent.slug, agent.name, agent.auto_registered, agent.created_at],
  );
  return rows[0];
}
