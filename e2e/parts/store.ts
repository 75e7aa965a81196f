import type { Database, Tx } from '@aos/server/base/database.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { migrate } from '@aos/server/store/migrate.ts';
import { releaseHolds } from '@aos/server/store/usage.ts';
import { type DatabaseKind, freshDatabase } from './database.ts';

export interface TestStore {
  url: string;
  db: Database;
  /** A tenant without anything but its row. */
  tenant_id: string;
  drop(): Promise<void>;
}

/** A migrated database of its own with one tenant, opened as the runtime role. */
export async function freshStore(kind: DatabaseKind, max_connections = 8): Promise<TestStore> {
  const { url, drop } = await freshDatabase(kind);
  await migrate(url);
  const db = openDatabase({ url, max_connections, statement_timeout_ms: 30_000, onIdleError: () => undefined });
  const tenant_id = await makeTenant(db, 'acme');
  return {
    url,
    db,
    tenant_id,
    drop: async () => {
      await db.close();
      await drop();
    },
  };
}

export async function makeTenant(db: Database, slug: string): Promise<string> {
  const id = makeId('tenant');
  const at = new Date().toISOString();
  await db.installation((tx) =>
    tx.query('insert into tenants (id, slug, name, created_at) values ($1, $2, $2, $3)', [id, slug, at]),
  );
  return id;
}

/** Ends one hold with what each of its lines posts; false: it was gone. */
export const settleHold = async (
  tx: Tx,
  id: string,
  actualOf: (held: bigint, line: number) => bigint,
): Promise<boolean> => (await releaseHolds(tx, [id], actualOf)).has(id);
