import { removeOldClaims } from '../store/idempotency.ts';
import { forEachTenant, type Job } from './define.ts';

/** Removes what is kept of requests whose keys no longer count. */
export const forget_idempotency_keys: Job = {
  name: 'forget-idempotency-keys',
  every_ms: 3_600_000,
  run: forEachTenant((govern, tenant_id) => govern.db.tenant(tenant_id, removeOldClaims)),
};
