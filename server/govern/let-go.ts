import type { Deps } from '../base/deps.ts';
import type { InFlight } from './in-flight.ts';
import type { Later } from './later.ts';
import type { Ticket } from './ticket.ts';

/** A call between its admission and its settlement. */
export interface Held {
  tenant_id: string;
  /** Null: it held nothing yet. */
  hold_id: string | null;
  in_flight: InFlight;
}

/**
 * What a call holds does not stay with a process that has lost its way: it is released when nothing of the call went
 * out, else it counts in full until it is settled as estimated, as that of a process that died.
 */
export function letGo({ log, metrics }: Deps, later: Later, { tenant_id, hold_id, in_flight }: Held): void {
  if (in_flight.has_left) return;
  in_flight.leave();
  if (hold_id === null) return;
  const { went_out } = in_flight;
  if (went_out) later.suspect(tenant_id, hold_id);
  else later.release(tenant_id, hold_id);
  metrics.open_holds.dec();
  log.error({ hold_id, went_out }, 'a call failed by itself: its hold is let go');
}

/** Goes a part of the way of an admitted call; whatever is thrown there, nothing of it stays held. */
export async function heldSafely<T>(
  govern: { letGo(held: Held): void },
  { call, ids, in_flight }: Ticket,
  go: () => Promise<T>,
): Promise<T> {
  try {
    return await go();
  } catch (error) {
    govern.letGo({ tenant_id: call.asker.tenant_id, hold_id: ids.decision_id, in_flight });
    throw error;
  }
}
