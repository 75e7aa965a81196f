import type { Identity } from '@aos/core/access/identity.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Govern } from '../govern/govern.ts';
import { claimInFlight, releaseOnce } from '../store/idempotency.ts';

/** Keys of calls are apart from those of the control plane. */
const calls = 'call:';

/**
 * A call that comes again under its `Idempotency-Key` while the first one is still in flight is refused with 409, on
 * every replica. Nothing is kept: what this returns frees the key, to be called when the first one has been settled or
 * refused, and not when its caller leaves: a plain call goes on without one.
 */
export async function refuseDuplicate(govern: Govern, identity: Identity, key: string): Promise<() => void> {
  const { tenant_id } = identity;
  const claim = { tenant_id, lineage_id: identity.api_key.lineage_id, key: calls + key };
  const created_at = instantText(govern.clock.now());
  const is_first = await govern.db.tenant(tenant_id, (tx) =>
    claimInFlight(tx, { ...claim, instance_id: govern.instance_id, created_at }),
  );
  if (!is_first) {
    throw new Problem(
      'conflict',
      'A call with this Idempotency-Key is still in flight: wait for its answer, or use a new key.',
    );
  }
  return () => {
    govern.db
      .tenant(tenant_id, (tx) => releaseOnce(tx, claim))
      .catch((error: Error) =>
        govern.log.warn({ error: error.message }, 'the key of an answered call could not be freed'),
      );
  };
}
