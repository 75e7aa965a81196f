import { type Asker, asks_nothing, type Call, type Estimate, isSynthetic } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { type Decision, decide } from '@aos/core/policies/decide.ts';
import { heldOf, type Line, type Timed } from '@aos/core/policies/reserve.ts';
import { pausedDecision, stopDecision, stopsCallsOf } from '@aos/core/policies/stop.ts';
import type { Deps } from '../base/deps.ts';
import type { Admission } from '../store/admission.ts';
import type { StepRow } from '../store/steps.ts';
import type { HeldCall } from '../store/usage.ts';
import type { DueAlert } from './alerts.ts';
import type { TenantControl } from './control.ts';
import { estimateJson } from './estimate.ts';
import { contextOf } from './records.ts';
import type { Outcome } from './settle.ts';
import { troubleOf } from './trouble.ts';
import { pausedMs } from './who.ts';

/** A step of a run that is decided without a model: who takes it, and what its row tells of it. */
export interface StepAct {
  asker: Asker;
  kind: StepRow['kind'];
  skill: string;
  params: Json;
  tags: Record<string, string>;
  request_id: string;
  parent_step_id?: string | null;
  /** It calls no tool that is counted, whatever its kind. */
  counts_no_tool?: boolean;
}

/** An act with what was decided about it. */
export interface DecidedAct {
  act: StepAct;
  call: Call;
  control: TenantControl;
  ids: { decision_id: string; step_id: string; record_id: string; run_id: string; trace_id: string };
  lines: Line[];
  decision: Decision;
  alerts: readonly DueAlert[];
  admitted_at_ms: number;
}

/** A step that calls a tool is one call of a tool, whoever else counts those that agents make themselves. */
export const asksOf = ({ kind, counts_no_tool }: StepAct): Estimate => ({
  ...asks_nothing,
  tool_results: kind === 'tool' && !counts_no_tool ? 1 : 0,
});

export const callOf = ({ asker, skill, tags }: StepAct): Call => ({
  ...{ asker, kind: 'step', provider: '', model: '', tools: [skill], tags },
});

/** Why nothing of the run goes on, whatever policies say. */
export function stoppedBy({ containments, pauses }: TenantControl, asker: Asker): Decision | null {
  const contained = containments.find((stop) => stopsCallsOf(stop, asker));
  if (contained) return stopDecision(contained);
  const paused = pauses.get(asker.run_id)?.paused;
  return paused ? pausedDecision(paused) : null;
}

/** The asker with the time for which its run stood still, which is no run time. */
export function withPauses({ pauses }: TenantControl, asker: Asker, at_ms: number): Asker {
  const of = pauses.get(asker.run_id);
  return of ? { ...asker, run_paused_ms: pausedMs(of, at_ms) } : asker;
}

export const decidedOf = (lines: Line[], { seen }: Pick<Admission, 'seen'>, timed: Timed[]): Decision =>
  decide({
    rules: [],
    lines: [...lines.map((line, n) => ({ line, seen: present(seen[n], 'the balance of a line') })), ...timed],
    unmeasurable: [],
    output_bound: 0,
  });

export const idsOf = (decision_id: string, run_id: string): DecidedAct['ids'] => ({
  decision_id,
  step_id: sibling(decision_id, 'step'),
  record_id: sibling(decision_id, 'record'),
  run_id,
  trace_id: sibling(run_id, 'trace'),
});

export const postingOf = (line: Line) => ({
  control_id: line.key.control_id,
  subject: line.key.subject,
  window_start: instantText(line.key.window_start_ms),
  held: heldOf(line, 0),
  actual: heldOf(line, 0),
});

/** How an act went, and when. */
export interface ActWent {
  status: StepRow['status'];
  error: Json;
  started_at_ms: number;
  ended_at_ms: number;
}

/** Everything that the act leaves behind, but for its hold. */
export function outcomeOf(deps: Deps, decided: DecidedAct, went: ActWent): Outcome {
  const { act, call, ids, decision, admitted_at_ms, control } = decided;
  const { status, error, started_at_ms, ended_at_ms } = went;
  const { asker } = call;
  const at_ms = deps.clock.now();
  const who = {
    project_id: asker.project.id,
    agent_id: asker.agent?.id ?? null,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    session_id: asker.session?.id ?? null,
  };
  const { deciding } = decision;
  const has_decision = decision.fired;
  return {
    ...{ hold: null, new_run: null, record: null, planned: null },
    alerts: decided.alerts,
    step: {
      tenant_id: asker.tenant_id,
      id: ids.step_id,
      trace_id: ids.trace_id,
      run_id: ids.run_id,
      kind: act.kind,
      skill: act.skill,
      params: act.params,
      status,
      decision_id: ids.decision_id,
      cost_usd: null,
      error,
      started_at: instantText(started_at_ms),
      ended_at: instantText(ended_at_ms),
      duration_ms: Math.max(0, Math.round(ended_at_ms - started_at_ms)),
      is_synthetic: isSynthetic(asker),
      parent_step_id: act.parent_step_id ?? null,
    },
    decision: has_decision
      ? {
          tenant_id: asker.tenant_id,
          id: ids.decision_id,
          run_id: ids.run_id,
          step_id: ids.step_id,
          ...who,
          verdict: decision.verdict,
          code: deciding?.code ?? null,
          policy_id: deciding?.policy_id ?? null,
          control_id: deciding?.control_id ?? null,
          policy_snapshot_id: control.policies.snapshot_id,
          call: { kind: call.kind, skill: act.skill, tags: call.tags },
          estimate: estimateJson(asksOf(act)),
          contributions: decision.contributions as unknown as Json,
          is_synthetic: isSynthetic(asker),
          decided_at: instantText(admitted_at_ms),
        }
      : null,
    progress: {
      run_id: ids.run_id,
      calls: 0,
      refused_calls: 0,
      input_tokens: 0,
      output_tokens: 0,
      cost_usd: '0',
      last_refusal: refuses(decision.verdict) && status !== 'cancelled' ? (deciding?.termination ?? null) : null,
      violation_policy_id: decision.contributions.find((by) => by.fired && by.mode === 'enforce')?.policy_id ?? null,
      policy_context: contextOf(decision),
      at: instantText(at_ms),
    },
    ...troubleOf(deps, { call, ids, decision, asked: act }, at_ms),
  };
}

/** What is kept of the act while it is held. */
export const heldAct = ({ asker, tags }: StepAct, control: TenantControl, lines: readonly Line[]): HeldCall => ({
  kind: 'step',
  project_id: asker.project.id,
  agent_id: asker.agent?.id ?? null,
  actor_id: asker.actor?.id ?? null,
  api_key_id: asker.api_key.id,
  session_id: asker.session?.id ?? null,
  provider: '',
  model: '',
  wire: '',
  streamed: false,
  price_id: null,
  price_version: null,
  policy_snapshot_id: control.policies.snapshot_id,
  tags,
  prompt_hash: '',
  estimate: null,
  output_bound: 0,
  line_types: lines.map((line) => line.limit.type),
});
