import type { Database } from '../base/database.ts';
import { tenantIds } from '../store/tenant-ids.ts';
import type { Govern } from './govern.ts';

/** So many jobs ask one after the other that it is most of what an idle process would ask its database. */
const known_ms = 1_000;

interface Known {
  since_ms: number;
  ids: Promise<string[]>;
}
const known = new WeakMap<Database, Known>();

/** The tenants there are, as of the last second. */
export function knownTenants({ db, clock }: Pick<Govern, 'db' | 'clock'>): Promise<string[]> {
  const now_ms = clock.monotonic();
  const before = known.get(db);
  if (before && now_ms - before.since_ms < known_ms) return before.ids;
  const asked: Known = { since_ms: now_ms, ids: db.installation(tenantIds) };
  known.set(db, asked);
  asked.ids.catch(() => known.get(db) === asked && known.delete(db));
  return asked.ids;
}
