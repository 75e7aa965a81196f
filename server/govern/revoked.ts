import { revokedDecision } from '@aos/core/policies/stop.ts';
import { revokedAmong } from '../store/api-keys.ts';
import type { Govern } from './govern.ts';

/** Ends the calls under way of keys that were revoked: nothing more goes to whoever holds one. */
export async function endRevoked({ db, calls }: Govern, tenant_id: string): Promise<void> {
  const key_ids = calls.keysOf(tenant_id);
  if (key_ids.length === 0) return;
  for (const key of await db.tenant(tenant_id, (tx) => revokedAmong(tx, key_ids)))
    calls.endKey(tenant_id, key.id, revokedDecision(key));
}
