/** What callers named who asked; goes with `askerJoins`. */
export const asker_slugs = 'project.slug as project_slug, agent.slug as agent_slug, actor.slug as actor_slug';

/** Joins the names of project, agent and actor to rows that have their ids under this alias. */
export const askerJoins = (alias: string): string =>
  (['project', 'agent', 'actor'] as const)
    .map(
      (kind) =>
        `left join ${kind}s ${kind} on ${kind}.tenant_id = ${alias}.tenant_id and ${kind}.id = ${alias}.${kind}_id`,
    )
    .join(' ');
