import type { Call, Estimate } from '@aos/core/activity/call.ts';
import type { Decision, Seen } from '@aos/core/policies/decide.ts';
import type { Line } from '@aos/core/policies/reserve.ts';
import type { Deps } from '../base/deps.ts';
import type { NewRun } from '../store/runs.ts';
import type { Admitter } from './admit.ts';
import type { AskedCall } from './asked.ts';
import type { Controls, TenantControl } from './control.ts';
import type { ChosenModel } from './models.ts';
import type { Registry } from './registry.ts';
import type { Outcome, Settler } from './settle.ts';

/** The rooms that a governed call walks through, made once for the process. */
export interface Govern extends Deps {
  controls: Controls;
  registry: Registry;
  admitter: Admitter;
  settler: Settler;
  /** Settles a call, waiting while the database is away for a few seconds; then the call fails and settling goes on. */
  settleFor(ticket: Ticket, outcome: Outcome): Promise<void>;
}

/** A call with its decision: what every later step needs to send, meter, settle and record it. */
export interface Ticket {
  asked: AskedCall;
  control: TenantControl;
  call: Call;
  model: ChosenModel;
  estimate: Estimate;
  lines: Line[];
  /** The balances of the lines just before this call. */
  seen: Seen[];
  /** Output tokens per answer that the holds pay for; for a refused call the least it asked for. */
  output_bound: number;
  decision: Decision;
  ids: CallIds;
  /** The run this call opens; null when it joins one that is there. */
  new_run: NewRun | null;
  identity: NewRun['identity'];
  admitted_at_ms: number;
  /** Time the call had spent here when it was decided, in milliseconds. */
  decided_after_ms: number;
}

/** One call, one step, one record, one decision: their ids share a suffix. */
export interface CallIds {
  decision_id: string;
  record_id: string;
  step_id: string;
  run_id: string;
  trace_id: string;
}
