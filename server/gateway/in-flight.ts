import type { Identity } from '@aos/core/access/identity.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import { laterOf } from '../govern/later.ts';
import { type ClaimInFlight, claimInFlight, freeInFlight, freeLeftBehind } from '../store/idempotency.ts';

/** Keys of calls are apart from those of the control plane. */
const calls = 'call:';

/**
 * A call that comes again under its `Idempotency-Key` while the first one is still in flight is refused with 409, on
 * every replica. Nothing is kept: what this returns frees the key, to be called when the first one has been settled or
 * refused, and not when its caller leaves: a plain call goes on without one.
 */
export type RefuseDuplicate = (identity: Identity, key: string) => Promise<() => void>;

export function createDuplicates(govern: Govern): RefuseDuplicate {
  const { clock, db, instance_id } = govern;
  /** In flight here: a claim of this process on any other key was left behind, and counts no more. */
  const in_flight = new Map<string, ClaimInFlight>();
  const freeLater = freeingLater(govern, () => [...in_flight.values()]);
  return async ({ tenant_id, api_key: { lineage_id } }, key) => {
    const name = `${tenant_id} ${lineage_id} ${key}`;
    if (in_flight.has(name)) throw stillInFlight();
    const claim = { tenant_id, lineage_id, key: calls + key, instance_id, created_at: instantText(clock.now()) };
    in_flight.set(name, claim);
    try {
      if (!(await db.tenant(tenant_id, (tx) => claimInFlight(tx, claim)))) throw stillInFlight();
    } catch (error) {
      in_flight.delete(name);
      // It may have been claimed all the same.
      if (!(error instanceof Problem)) freeLater(tenant_id);
      throw error;
    }
    return () => {
      in_flight.delete(name);
      db.tenant(tenant_id, (tx) => freeInFlight(tx, claim)).catch(() => freeLater(tenant_id));
    };
  };
}

/** What could not be freed is freed once the database is back: all that a tenant has, in one statement. */
function freeingLater(govern: Govern, inFlight: () => ClaimInFlight[]): (tenant_id: string) => void {
  const { clock, instance_id, log } = govern;
  const waiting = new Set<string>();
  const freeAll = (tenant_id: string) => async (tx: Tx) => {
    const except = inFlight().filter((claim) => claim.tenant_id === tenant_id);
    await freeLeftBehind(tx, { tenant_id, instance_id, before: instantText(clock.now()), except });
    waiting.delete(tenant_id);
  };
  return (tenant_id) => {
    if (waiting.has(tenant_id)) return;
    waiting.add(tenant_id);
    log.warn({ tenant_id }, 'keys of answered calls could not be freed and wait for the database');
    laterOf(govern).write(tenant_id, freeAll(tenant_id));
  };
}

const stillInFlight = () =>
  new Problem(
    'conflict',
    'A call with this Idempotency-Key is still in flight: wait for its answer, or use a new key.',
  );
