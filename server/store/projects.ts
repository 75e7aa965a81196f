import type { Project } from '@aos/core/access/project.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export type ProjectRow = Omit<Project, 'url'>;

const columns =
  'id, slug, name, owner, content_mode, auto_register, default_output_bound, two_person_rule, two_person_rule_end, synthetic_scenario_id, retired_at, created_at';

/** By id or slug. */
export async function findProject(tx: Tx, ref: string): Promise<ProjectRow | undefined> {
  const rows = await tx.query<ProjectRow>(
    `select ${columns} from projects where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

export function listProjects(
  tx: Tx,
  of: { id?: string | undefined },
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  return readNewest(
    tx,
    { table: 'projects', columns, filter: ofTenant().always('retired_at is null').where('id = ?', of.id) },
    page,
  );
}

/** Undefined: the slug is taken. */
export async function insertProject(tx: Tx, tenant_id: string, project: ProjectRow): Promise<ProjectRow | undefined> {
  const rows = await tx.query<ProjectRow>(
    `insert into projects (tenant_id, id, slug, name, content_mode, auto_register, default_output_bound,
        synthetic_scenario_id, created_at, owner, two_person_rule)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [
      tenant_id,
      project.id,
      project.slug,
      project.name,
      project.content_mode,
      project.auto_register,
      project.default_output_bound,
      project.synthetic_scenario_id,
      project.created_at,
      project.owner,
      project.two_person_rule,
    ],
  );
  return rows[0];
}

export async function updateProject(tx: Tx, project: ProjectRow): Promise<ProjectRow> {
  const rows = await tx.query<ProjectRow>(
    `update projects set name = $2, content_mode = $3, auto_register = $4, default_output_bound = $5, owner = $6,
        two_person_rule = $7, two_person_rule_end = $8
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [
      project.id,
      project.name,
      project.content_mode,
      project.auto_register,
      project.default_output_bound,
      project.owner,
      project.two_person_rule,
      project.two_person_rule_end && jsonText(project.two_person_rule_end),
    ],
  );
  return present(rows[0], 'the project that changes');
}

/** Projects in use where whoever wrote a policy may not put it in force. */
export const projectsOfTwo = (tx: Tx): Promise<Pick<ProjectRow, 'id' | 'slug'>[]> =>
  tx.query(
    'select id, slug from projects where tenant_id = current_tenant() and two_person_rule and retired_at is null order by slug',
  );

/** A synthetic project is taken out of use: its name is free again. Undefined: it is not there, or it is real. */
export async function retireProject(tx: Tx, slug: string, at: string): Promise<ProjectRow | undefined> {
  const rows = await tx.query<ProjectRow>(
    `update projects set retired_at = $2, slug = left(slug, 60) || '-' || right(id, 8)
      where tenant_id = current_tenant() and slug = $1 and synthetic_scenario_id is not null and retired_at is null returning ${columns}`,
    [slug, at],
  );
  return rows[0];
}

export async function countRuns(tx: Tx, project_id: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    'select count(*)::int as n from runs where tenant_id = current_tenant() and project_id = $1',
    [project_id],
  );
  return rows[0]?.n ?? 0;
}
