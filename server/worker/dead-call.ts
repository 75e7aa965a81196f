import { costOf, recordedCharges } from '@aos/core/activity/charge.ts';
import { sibling } from '@aos/core/base/id.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import type { DueAlert } from '../govern/alerts.ts';
import type { Outcome } from '../govern/settle.ts';
import { type WorstUsage, worstUsage } from '../govern/worst-usage.ts';
import type { Posting } from '../store/balance.ts';
import type { NewIncident } from '../store/incidents.ts';
import type { LlmRunRecordRow } from '../store/llm-run-records.ts';
import { type DeadHold, postingsOf } from '../store/usage.ts';

const message = 'its process died before the answer was complete';

/** A call whose process died, as far as its hold can tell. */
interface DeadCall {
  tenant_id: string;
  hold: DeadHold;
  /** It may have reached its provider: then all that was held is charged, else nothing. */
  was_sent: boolean;
  ids: { run_id: string; trace_id: string; step_id: string; decision_id: string };
  used: WorstUsage;
  postings: Posting[];
  ended_at: string;
}

/** The outcome of a call whose process died: settled at all that was held when it was sent, released when it was not. */
export function outcomeOfDead(
  tenant_id: string,
  hold: DeadHold,
  ended_at: string,
  incident_id: string,
  alerts: readonly DueAlert[] = [],
): Outcome {
  const { call } = hold;
  const was_sent = hold.dispatched_at !== null;
  const counts = (held: bigint, n: number) => (was_sent && call.line_types[n] !== 'concurrency' ? held : 0n);
  if (call.kind === 'step') return { ...releasedStep(hold), alerts };
  const dead: DeadCall = {
    tenant_id,
    hold,
    was_sent,
    ids: {
      run_id: hold.run_id,
      trace_id: sibling(hold.run_id, 'trace'),
      step_id: sibling(hold.id, 'step'),
      decision_id: hold.id,
    },
    used: was_sent ? worstUsage(call) : { input_tokens: 0, output_tokens: 0, charges: [] },
    postings: postingsOf(hold, counts),
    ended_at,
  };
  return {
    hold: { id: hold.id, postings: dead.postings },
    new_run: null,
    step: null,
    record: recordOf(dead),
    decision: null,
    planned: null,
    violations: [],
    incidents: [incidentOf(dead, incident_id)],
    ledger: [],
    alerts,
    progress: {
      run_id: hold.run_id,
      calls: 1,
      refused_calls: 0,
      input_tokens: dead.used.input_tokens,
      output_tokens: dead.used.output_tokens,
      cost_usd: usdOf(dead) ?? '0',
      last_refusal: 'SYSTEM_FAILURE',
      violation_policy_id: null,
      policy_context: null,
      at: ended_at,
    },
  };
}

/** A step that asked no model counts as made; its worker's successor begins it anew, with a record of its own. */
const releasedStep = (hold: DeadHold): Omit<Outcome, 'alerts'> => ({
  hold: { id: hold.id, postings: postingsOf(hold, (held) => held) },
  ...{ new_run: null, step: null, record: null, decision: null, progress: null, planned: null },
  ...{ violations: [], incidents: [], ledger: [] },
});

const usdOf = ({ used }: DeadCall): string | null => used.charges && usdOfNano(costOf(used.charges));

function recordOf(dead: DeadCall): LlmRunRecordRow {
  const { hold, used, postings } = dead;
  const { output_bound, line_types, parent_step_id = null, ...call } = hold.call;
  return {
    ...call,
    tenant_id: dead.tenant_id,
    id: sibling(hold.id, 'record'),
    ...dead.ids,
    execution_status: 'failed',
    http_status: null,
    error_code: 'process_died',
    error_message: message,
    response_hash: null,
    input_tokens: used.input_tokens,
    output_tokens: used.output_tokens,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
    audio_input_tokens: 0,
    audio_output_tokens: 0,
    web_searches: 0,
    max_output_tokens: output_bound,
    usage_source: dead.was_sent ? 'estimated' : 'none',
    cost_usd: usdOf(dead),
    charges: used.charges && recordedCharges(used.charges),
    verdict: 'continue',
    holds: postings.map(({ held, actual, ...line }, n) => ({
      ...line,
      type: line_types[n] ?? '',
      held: String(held),
      posted: String(actual),
    })),
    step_name: null,
    parent_step_id,
    traceparent: null,
    source: call.source ?? 'gateway',
    is_synthetic: call.synthetic_scenario_id !== undefined,
    synthetic_scenario_id: call.synthetic_scenario_id ?? null,
    admitted_at: hold.admitted_at,
    first_byte_at: null,
    settled_at: dead.ended_at,
  };
}

function incidentOf({ tenant_id, hold, ids, ended_at }: DeadCall, id: string): NewIncident {
  const { project_id, agent_id, actor_id, api_key_id } = hold.call;
  const { policy_id, ...draft } = failureIncident(message);
  return {
    tenant_id,
    id,
    source_run_id: ids.run_id,
    violation_policy_id: policy_id,
    trace_id: ids.trace_id,
    decision_id: ids.decision_id,
    project_id,
    agent_id,
    actor_id,
    api_key_id,
    ...draft,
    status: 'open',
    occurrences: 1,
    is_synthetic: hold.call.synthetic_scenario_id !== undefined,
    opened_at: ended_at,
    last_occurred_at: ended_at,
  };
}
