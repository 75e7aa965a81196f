import type { Stop } from '@aos/core/policies/stop.ts';
import type { Deps } from '../base/deps.ts';
import { confirmStop, type StopRow, unheardStops } from '../store/stops.ts';
import type { CallsInFlight } from './in-flight.ts';

/** Stops ordered longer ago than this were heard, or their calls have ended by their deadlines. */
const looked_back_s = 3_600;

/** Ends what a stop concerns in this process, and only then confirms it. */
export async function obeyStop(deps: Deps, calls: CallsInFlight, { tenant_id, ...stop }: StopRow): Promise<void> {
  const stopped = calls.stop(tenant_id, stop satisfies Stop);
  await deps.db.tenant(tenant_id, (tx) =>
    confirmStop(tx, { tenant_id, stop_id: stop.id, instance_id: deps.instance_id, ...stopped }),
  );
}

/** After a time without hearing: asks for what was ordered meanwhile, for every tenant with calls in flight. */
export async function catchUpWithStops(deps: Deps, calls: CallsInFlight): Promise<void> {
  for (const tenant_id of calls.tenants()) {
    const unheard = await deps.db.tenant(tenant_id, (tx) => unheardStops(tx, deps.instance_id, looked_back_s));
    for (const stop of unheard) await obeyStop(deps, calls, stop);
  }
}
