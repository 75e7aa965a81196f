/**
 * What callers named the project, agent and actor whose ids stand under this alias. Looked up row by row, because a
 * page has few rows and a tenant may have very many actors.
 */
export const askerSlugs = (alias: string): string =>
  (['project', 'agent', 'actor'] as const)
    .map((kind) => {
      const named = `${kind}.tenant_id = ${alias}.tenant_id and ${kind}.id = ${alias}.${kind}_id`;
      return `(select ${kind}.slug from ${kind}s ${kind} where ${named}) as ${kind}_slug`;
    })
    .join(', ');
