import { Problem } from '@aos/core/base/error.ts';
import type { Context } from '../http/handler.ts';
import { visibleProject } from './read.ts';

/** What belongs to a project, when it is one that the caller sees; undefined as if it were not there. */
export function inReach<Row extends { project_id: string | null }>(
  context: Context,
  row: Row | undefined,
): Row | undefined {
  const own = visibleProject(context);
  return own === null || row?.project_id === own ? row : undefined;
}

/** Refuses what changes more than one project to a key that belongs to one. `what` begins the sentence. */
export function refuseProjectKey(context: Context, what: string): void {
  if (visibleProject(context) === null) return;
  throw new Problem(
    'forbidden',
    `${what} reaches beyond the project of this key. Use a key of the whole tenant, or of an owner.`,
  );
}

/** Refuses another project than that of a key that belongs to one. */
export function refuseOtherProject(context: Context, project_id: string): void {
  const own = visibleProject(context);
  if (own === null || own === project_id) return;
  throw new Problem(
    'forbidden',
    'This key belongs to another project. Leave project_id out, or use a key of the whole tenant, or of an owner.',
  );
}
