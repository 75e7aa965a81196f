import type { Agent } from '@aos/core/access/agent.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';
import { patternOf } from './runs-of-text.ts';

export type AgentRow = Omit<Agent, 'url'>;

const columns = 'id, project_id, slug, name, owner, auto_registered, skills, models, default_model, created_at';

/** By id or slug. */
export async function findAgent(tx: Tx, ref: string): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `select ${columns} from agents where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

const of_project_in_use =
  'project_id not in (select p.id from projects p where p.tenant_id = current_tenant() and p.retired_at is not null)';

export function listAgents(
  tx: Tx,
  /** `own`: the only project whose objects the caller may see. */
  of: { project_id?: string | undefined; own?: string | undefined; q?: string | undefined },
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const filter = ofTenant().where('project_id = ?', of.project_id).where('project_id = ?', of.own);
  filter.where("concat_ws(' ', id, slug, name, owner) ilike ?", of.q && patternOf(of.q));
  if (of.project_id === undefined) filter.always(of_project_in_use);
  return readNewest(tx, { table: 'agents', columns, filter }, page);
}

/** Undefined: the slug is taken. */
export async function insertAgent(tx: Tx, tenant_id: string, agent: AgentRow): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `insert into agents (tenant_id, id, project_id, slug, name, owner, auto_registered, skills, models, default_model, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [
      ...[tenant_id, agent.id, agent.project_id, agent.slug, agent.name, agent.owner, agent.auto_registered],
      ...[agent.skills, agent.models, agent.default_model, agent.created_at],
    ],
  );
  return rows[0];
}

/** Changes what is said of an agent and what it may do; members that are absent stay as they are. */
export async function updateAgent(
  tx: Tx,
  id: string,
  change: Partial<Pick<AgentRow, 'name' | 'owner' | 'skills' | 'models' | 'default_model'>>,
): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `update agents set name = coalesce($2, name), skills = case when $3 then $4::text[] else skills end,
        models = case when $5 then $6::text[] else models end, default_model = case when $7 then $8 else default_model end,
        owner = case when $9 then $10 else owner end
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [
      id,
      change.name ?? null,
      ...[change.skills !== undefined, change.skills ?? null],
      ...[change.models !== undefined, change.models ?? null],
      ...[change.default_model !== undefined, change.default_model ?? null],
      ...[change.owner !== undefined, change.owner ?? null],
    ],
  );
  return rows[0];
}

/** An agent of a retired project goes on in another one; undefined when its project is in use. */
export async function adoptAgent(tx: Tx, slug: string, project_id: string): Promise<AgentRow | undefined> {
  const rows = await tx.query<AgentRow>(
    `update agents set project_id = $2 where tenant_id = current_tenant() and slug = $1 and not (${of_project_in_use}) returning ${columns}`,
    [slug, project_id],
  );
  return rows[0];
}
