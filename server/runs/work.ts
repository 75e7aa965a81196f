import type { Json } from '@aos/core/base/json.ts';
import type { Lease, ManagedRun } from '../store/managed-runs.ts';
import type { Caller } from './caller.ts';

/** A run as one worker carries it out. */
export interface Work {
  tenant_id: string;
  run: ManagedRun;
  lease: Lease;
  caller: Caller;
  request_id: string;
  /** Aborts when the claim was lost or the process ends: nothing more is begun or written. */
  lost: AbortSignal;
  /** Aborted when one step has ended the run: what runs beside it is stopped. */
  over: AbortController;
  /** Either of the two. */
  signal: AbortSignal;
  /** What steps have given so far, by the name of the step. */
  outputs: Map<string, Json>;
}

/** The run cannot go on now: it is given back, to be taken again after a while, or when a person resumes it. */
export class SetAside extends Error {
  override name = 'SetAside';
  readonly after_s: number;

  constructor(after_s: number) {
    super('set aside');
    this.after_s = after_s;
  }
}

/** The claim went to another worker, or the run has ended: whoever has it now does the rest. */
export class LostClaim extends Error {
  override name = 'LostClaim';
}
