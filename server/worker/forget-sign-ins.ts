import { removeOldSignIns } from '../store/sign-ins.ts';
import { forEachTenant, type Job } from './define.ts';

/** Removes sign-ins that have long been of no use. */
export const forget_sign_ins: Job = {
  name: 'forget-sign-ins',
  every_ms: 3_600_000,
  run: forEachTenant((govern, tenant_id) => govern.db.tenant(tenant_id, removeOldSignIns)),
};
