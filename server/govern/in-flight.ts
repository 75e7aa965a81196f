import type { Asker, Call, Estimate } from '@aos/core/activity/call.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { type Stop, stopDecision, stopsCallsOf } from '@aos/core/policies/stop.ts';
import type { StopSignal } from '../upstreams/llm/define.ts';
import { Stopper } from './stopper.ts';

/** What a later look at a call under way needs. */
export interface UnderWay {
  call: Call;
  estimate: Estimate;
}

/** One call between its way to the gate and its settlement. */
export interface InFlight {
  /** Aborts when the call is ended from outside: closes its socket to the provider, or keeps it from being opened. */
  stop: StopSignal;
  /** The same as the platform has it, for those who want that; made when it is asked for. */
  signal: AbortSignal;
  /** The decision that ended it from outside; null while it may go on. */
  readonly ended_by: Decision | null;
  /** It was admitted: from now on it is looked at again whenever control changes. */
  admitted(of: UnderWay): void;
  /** Ends it, unless it has been ended before. */
  end(by: Decision): void;
  /** Lets a stream stand still until it may go on; ends it with the decision when that takes too long. */
  hold(by: Decision, within_ms: number): void;
  goOn(): void;
  /** Resolves when a stream may go on, or has been ended; null while it need not wait. */
  readonly held: Promise<void> | null;
  /** The answer is a stream that has begun. */
  streams(): void;
  /** To be run when the call leaves. */
  onLeave(run: () => void): void;
  /** Something of the call may go out from now on. */
  goesOut(): void;
  readonly went_out: boolean;
  /** Nothing of the call goes out any more, and what it held has been ended, or waits to be. */
  leave(): void;
  readonly has_left: boolean;
}

/** Who waits for a call: a caller, or a run that is carried out here and goes on elsewhere when this process ends. */
type WaitedForBy = 'caller' | 'run';

export interface Stopped {
  calls_aborted: number;
  streams_cut: number;
}

/** The calls of this process that could still reach, or listen to, a provider. */
export interface CallsInFlight {
  /**
   * To be called before the gate: whoever stops a call that was just admitted must find it here. `hold_id` is that of the
   * hold it asks for.
   */
  enter(asker: Asker, waited_for_by: WaitedForBy, hold_id: string): InFlight;
  /** Whether a call is in flight that asked for this hold. */
  has(hold_id: string): boolean;
  /** Ends at once all calls that a stop concerns. */
  stop(tenant_id: string, stop: Stop): Stopped;
  /** Ends the calls of one run, because it is about to end. */
  endRun(tenant_id: string, run_id: string, by: Decision): void;
  /** Keys that callers of a tenant have calls in flight with. */
  keysOf(tenant_id: string): string[];
  /** Ends the calls of callers with this key, and of no other of its lineage. */
  endKey(tenant_id: string, key_id: string, by: Decision): void;
  /** Ends all calls of the process. */
  endAll(by: Decision): void;
  /** Ends all calls that callers wait for, and from now on each at its beginning. */
  endAllOfCallers(by: Decision): void;
  /** Whether calls of callers are in flight, of those who have left, too. */
  hasAnyOfCallers(): boolean;
  tenants(): string[];
  /** The admitted calls of a tenant that nobody has ended. */
  underWay(tenant_id: string): { of: UnderWay; call: InFlight }[];
}

export function createCallsInFlight(): CallsInFlight {
  const tenants = new Map<string, Set<Entry>>();
  const hold_ids = new Set<string>();
  let callers_ended_by: Decision | null = null;
  const ofCallers = (tenant_id: string) =>
    [...(tenants.get(tenant_id) ?? [])].filter((entry) => entry.waited_for_by === 'caller');
  const ofAllCallers = () => [...tenants.keys()].flatMap(ofCallers);
  return {
    enter(asker, waited_for_by, hold_id) {
      const calls = tenants.get(asker.tenant_id) ?? new Set();
      hold_ids.add(hold_id);
      const entry = new Entry(asker, waited_for_by, () => {
        hold_ids.delete(hold_id);
        calls.delete(entry);
        if (calls.size === 0 && tenants.get(asker.tenant_id) === calls) tenants.delete(asker.tenant_id);
      });
      tenants.set(asker.tenant_id, calls.add(entry));
      if (callers_ended_by && waited_for_by === 'caller') entry.end(callers_ended_by);
      return entry;
    },
    has: (hold_id) => hold_ids.has(hold_id),
    stop(tenant_id, stop) {
      const stopped = { calls_aborted: 0, streams_cut: 0 };
      for (const entry of tenants.get(tenant_id) ?? []) {
        if (entry.ended_by !== null || !stopsCallsOf(stop, entry.asker)) continue;
        entry.end(stopDecision(stop));
        if (entry.is_stream) stopped.streams_cut++;
        else stopped.calls_aborted++;
      }
      return stopped;
    },
    endRun(tenant_id, run_id, by) {
      for (const entry of tenants.get(tenant_id) ?? []) if (entry.asker.run_id === run_id) entry.end(by);
    },
    keysOf: (tenant_id) => [...new Set(ofCallers(tenant_id).map(({ asker }) => asker.api_key.id))],
    endKey(tenant_id, key_id, by) {
      for (const entry of ofCallers(tenant_id)) if (entry.asker.api_key.id === key_id) entry.end(by);
    },
    endAll(by) {
      for (const calls of tenants.values()) for (const entry of calls) entry.end(by);
    },
    endAllOfCallers(by) {
      callers_ended_by = by;
      for (const entry of ofAllCallers()) entry.end(by);
    },
    hasAnyOfCallers: () => ofAllCallers().length > 0,
    tenants: () => [...tenants.keys()],
    underWay: (tenant_id) =>
      [...(tenants.get(tenant_id) ?? [])].flatMap((entry) =>
        entry.under_way && entry.ended_by === null ? { of: entry.under_way, call: entry } : [],
      ),
  };
}

class Entry implements InFlight {
  readonly asker: Asker;
  readonly waited_for_by: WaitedForBy;
  under_way: UnderWay | null = null;
  ended_by: Decision | null = null;
  is_stream = false;
  went_out = false;
  has_left = false;
  #hold: { until: Promise<void>; goOn: () => void } | null = null;
  readonly stop = new Stopper();
  readonly #on_leave: (() => void)[];

  constructor(asker: Asker, waited_for_by: WaitedForBy, forget: () => void) {
    this.asker = asker;
    this.waited_for_by = waited_for_by;
    this.#on_leave = [forget];
  }

  get signal(): AbortSignal {
    return this.stop.asAbortSignal();
  }

  admitted(of: UnderWay): void {
    this.under_way = of;
  }

  end(by: Decision): void {
    if (this.ended_by !== null) return;
    this.ended_by = by;
    this.stop.abort();
    this.goOn();
  }

  get held(): Promise<void> | null {
    return this.#hold?.until ?? null;
  }

  hold(by: Decision, within_ms: number): void {
    if (this.#hold || this.ended_by !== null) return;
    let resolve: () => void = () => undefined;
    const until = new Promise<void>((done) => {
      resolve = done;
    });
    const timer = setTimeout(() => this.end(by), within_ms);
    const goOn = () => {
      clearTimeout(timer);
      resolve();
    };
    this.#hold = { until, goOn };
  }

  goOn(): void {
    this.#hold?.goOn();
    this.#hold = null;
  }

  streams(): void {
    this.is_stream = true;
  }

  onLeave(run: () => void): void {
    this.#on_leave.push(run);
  }

  goesOut(): void {
    this.went_out = true;
  }

  leave(): void {
    this.has_left = true;
    this.goOn();
    for (const run of this.#on_leave.splice(0)) run();
  }
}
