import type { Call, Estimate } from '@aos/core/activity/call.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import type { Line, Seen } from '@aos/core/policies/reserve.ts';
import type { NewRun } from '../store/runs.ts';
import type { DueAlert } from './alerts.ts';
import type { AskedCall } from './asked.ts';
import type { TenantControl } from './control.ts';
import type { InFlight } from './in-flight.ts';
import type { ChosenModel } from './models.ts';

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
  /** Tiers of limits that the call reached. */
  alerts: readonly DueAlert[];
  ids: CallIds;
  /** The run this call opens; null when it joins one that is there. */
  new_run: NewRun | null;
  identity: NewRun['identity'];
  in_flight: InFlight;
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
