import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import { findProject, type ProjectRow } from '../store/projects.ts';

/** The project that a member of a request names by id or slug; null when it names none. */
export async function projectNamed(
  tx: Tx,
  ref: string | null,
  member: 'project_id' | 'project',
): Promise<ProjectRow | null> {
  if (ref === null) return null;
  const project = await findProject(tx, ref);
  if (project) return project;
  const [code, what] =
    member === 'project' ? (['invalid_query', 'query'] as const) : (['invalid_body', 'body'] as const);
  throw new Problem(
    code,
    `The ${what} cannot be read: ${member} names no project of this tenant. GET /api/v1/projects lists them.`,
  );
}
