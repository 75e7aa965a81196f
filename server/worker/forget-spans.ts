import { forgetSpans } from '../store/reported.ts';
import { forEachTenant, type Job } from './define.ts';

/** A week longer than spans are taken: what is so old is refused when it comes again. */
const kept_ms = 37 * 86_400_000;

/** Forgets which spans were reported long ago; their runs and steps stay. */
export const forget_spans: Job = {
  name: 'forget-spans',
  every_ms: 3_600_000,
  run: forEachTenant((govern, tenant_id) =>
    govern.db.tenant(tenant_id, (tx) => forgetSpans(tx, govern.clock.now() - kept_ms)),
  ),
};
