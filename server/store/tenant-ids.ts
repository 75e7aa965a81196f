import type { Tx } from '../base/database.ts';

/** Every tenant of the installation, for the jobs of the process. Needs a transaction of the installation. */
export async function tenantIds(tx: Tx): Promise<string[]> {
  return (await tx.query<{ id: string }>('select id from tenants order by id')).map((row) => row.id);
}

/** The reserved tenant in which the installation's own records stand. */
export async function installationTenant(tx: Tx): Promise<string | undefined> {
  return (await tx.query<{ id: string }>("select id from tenants where slug = 'installation'"))[0]?.id;
}
