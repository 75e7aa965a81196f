import type { Database, Tx } from '../base/database.ts';

/** The same database, telling of each answer to a statement in a transaction of a tenant. */
export const tellingAnswers = (db: Database, onAnswer: () => void): Database => ({
  ...db,
  tenant: (tenant_id, work) =>
    db.tenant(tenant_id, (tx) =>
      work({
        query: async <T>(...asked: Parameters<Tx['query']>) => {
          const rows = await tx.query<T>(...asked);
          onAnswer();
          return rows;
        },
      }),
    ),
});
