import type { Asker } from '@aos/core/activity/call.ts';
import { type Stop, stopsCallsOf } from '@aos/core/policies/stop.ts';

/** One call between its way to the gate and its settlement. */
export interface InFlight {
  /** Aborts when the call is stopped: closes its socket to the provider, or keeps it from being opened. */
  signal: AbortSignal;
  /** Who or what stopped it; null while it may go on. */
  readonly stop: Stop | null;
  /** The answer is a stream that has begun. */
  streams(): void;
  /** Nothing of the call goes out any more. */
  leave(): void;
}

export interface Stopped {
  calls_aborted: number;
  streams_cut: number;
}

/** The calls of this process that could still reach, or listen to, a provider. */
export interface CallsInFlight {
  /** To be called before the gate: whoever stops a call that was just admitted must find it here. */
  enter(asker: Asker): InFlight;
  /** Ends at once all calls that a stop concerns. */
  stop(tenant_id: string, stop: Stop): Stopped;
  tenants(): string[];
}

interface Entry {
  asker: Asker;
  controller: AbortController;
  stop: Stop | null;
  is_stream: boolean;
}

export function createCallsInFlight(): CallsInFlight {
  const tenants = new Map<string, Set<Entry>>();
  return {
    enter(asker) {
      const entry: Entry = { asker, controller: new AbortController(), stop: null, is_stream: false };
      const calls = tenants.get(asker.tenant_id) ?? new Set();
      tenants.set(asker.tenant_id, calls.add(entry));
      return {
        signal: entry.controller.signal,
        get stop() {
          return entry.stop;
        },
        streams: () => {
          entry.is_stream = true;
        },
        leave: () => {
          calls.delete(entry);
          if (calls.size === 0 && tenants.get(asker.tenant_id) === calls) tenants.delete(asker.tenant_id);
        },
      };
    },
    stop(tenant_id, stop) {
      const stopped = { calls_aborted: 0, streams_cut: 0 };
      for (const entry of tenants.get(tenant_id) ?? []) {
        if (entry.stop !== null || !stopsCallsOf(stop, entry.asker)) continue;
        entry.stop = stop;
        entry.controller.abort();
        if (entry.is_stream) stopped.streams_cut++;
        else stopped.calls_aborted++;
      }
      return stopped;
    },
    tenants: () => [...tenants.keys()],
  };
}
