import { present } from '@aos/core/base/assert.ts';
import type { Database } from '../base/database.ts';

class TakenBack extends Error {
  override name = 'TakenBack';
}

/** A database whose transactions of a tenant answer, and leave nothing behind. */
export function takingBack(db: Database): Database {
  const tenant: Database['tenant'] = async (tenant_id, work) => {
    const answers: Awaited<ReturnType<typeof work>>[] = [];
    const run = db.tenant(tenant_id, async (tx) => {
      answers.push(await work(tx));
      throw new TakenBack();
    });
    await run.catch((error: unknown) => {
      if (!(error instanceof TakenBack)) throw error;
    });
    return present(answers[0], 'the answer of a transaction that was taken back');
  };
  return { ...db, tenant, tenantFlight: tenant };
}
