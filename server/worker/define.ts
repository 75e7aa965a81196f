import type { Govern } from '../govern/govern.ts';
import { knownTenants } from '../govern/known-tenants.ts';

/** Work that is due again and again. Every replica runs it, so it must be safe to run everywhere at once. */
export interface Job {
  name: string;
  every_ms: number;
  run(govern: Govern): Promise<unknown>;
}

/** The same work for one tenant after the other. */
export const forEachTenant =
  (work: (govern: Govern, tenant_id: string) => Promise<unknown>) => async (govern: Govern) => {
    const failed: unknown[] = [];
    for (const tenant_id of await knownTenants(govern))
      await work(govern, tenant_id).catch((error: unknown) => failed.push(error));
    // One tenant in trouble keeps no other from its turn.
    if (failed.length > 0) throw failed[0];
  };
