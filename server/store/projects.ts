import type { Project } from '@aos/core/access/project.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export type ProjectRow = Omit<Project, 'url'>;

const columns = 'id, slug, name, content_mode, auto_register, default_output_bound, created_at';

/** By id or slug. */
export async function findProject(tx: Tx, ref: string): Promise<ProjectRow | undefined> {
  const rows = await tx.query<ProjectRow>(
    `select ${columns} from projects where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

export function listProjects(tx: Tx, page: { limit: number; cursor: string | null }): Promise<Slice> {
  return readNewest(tx, { table: 'projects', columns, filter: ofTenant() }, page);
}

/** Undefined: the slug is taken. */
export async function insertProject(tx: Tx, tenant_id: string, project: ProjectRow): Promise<ProjectRow | undefined> {
  const rows = await tx.query<ProjectRow>(
    `insert into projects (tenant_id, id, slug, name, content_mode, auto_register, default_output_bound, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [
      tenant_id,
      project.id,
      project.slug,
      project.name,
      project.content_mode,
      project.auto_register,
      project.default_output_bound,
      project.created_at,
    ],
  );
  return rows[0];
}

export async function updateProject(tx: Tx, project: ProjectRow): Promise<ProjectRow> {
  const rows = await tx.query<ProjectRow>(
    `update projects set name = $2, content_mode = $3, auto_register = $4, default_output_bound = $5
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [project.id, project.name, project.content_mode, project.auto_register, project.default_output_bound],
  );
  return present(rows[0], 'the project that changes');
}
