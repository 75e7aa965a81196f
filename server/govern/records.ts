import { isSynthetic } from '@aos/core/activity/call.ts';
import { type Charge, costOf, recordedCharges } from '@aos/core/activity/charge.ts';
import type { Usage, UsageSource } from '@aos/core/activity/usage.ts';
import { no_policy } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { type NanoUsd, usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { heldOf } from '@aos/core/policies/reserve.ts';
import type { DecisionRow } from '../store/decisions.ts';
import type { LlmRunRecordRow } from '../store/llm-run-records.ts';
import type { RunProgress } from '../store/run-progress.ts';
import type { StepRow } from '../store/steps.ts';
import type { Claims } from './asked.ts';
import { estimateJson } from './estimate.ts';
import type { Ticket } from './ticket.ts';

/** How a call ended, as far as its records are concerned. */
export interface Ending {
  status: 'succeeded' | 'failed' | 'cancelled' | 'cut';
  http_status: number | null;
  error: { code: string; message: string } | null;
  usage: Usage;
  usage_source: UsageSource;
  /** Null: what was used has no price. */
  charges: readonly Charge[] | null;
  prompt_hash: string;
  response_hash: string | null;
  first_byte_at_ms: number | null;
  settled_at_ms: number;
  /** What the run would end with if this was its last call. */
  termination: RunProgress['last_refusal'];
  /** What each line posts, in the order of the lines. */
  amounts: bigint[];
}

/** What the records of a call are made from: a ticket, or a call of which it is only said that it was made. */
export type Recordable = Pick<
  Ticket,
  'ids' | 'call' | 'model' | 'estimate' | 'lines' | 'seen' | 'output_bound' | 'decision' | 'admitted_at_ms'
> & {
  asked: {
    wire: { name: string };
    request: { stream: boolean };
    planned?: { name: string | null } | undefined;
    claims?: Pick<Claims, 'parent_step_id' | 'traceparent'>;
  };
  control: { policies: { snapshot_id: string } };
};

const stepParams = (ticket: Recordable): Json => ({
  model: ticket.model.name,
  provider: ticket.model.provider.slug,
  wire: ticket.asked.wire.name,
  streamed: ticket.asked.request.stream,
  max_output_tokens: ticket.output_bound,
  ...(ticket.asked.planned?.name != null && { step: ticket.asked.planned.name }),
  ...(ticket.asked.claims?.traceparent && { traceparent: ticket.asked.claims.traceparent }),
});

/** The step of a call that was refused; of one that was made, the record stands for it. */
export function refusedStep(ticket: Recordable, ended_at_ms: number, error: Json): StepRow {
  const { ids, call, admitted_at_ms } = ticket;
  return {
    tenant_id: call.asker.tenant_id,
    id: ids.step_id,
    trace_id: ids.trace_id,
    run_id: ids.run_id,
    kind: 'llm',
    skill: 'llm',
    params: stepParams(ticket),
    status: 'blocked',
    decision_id: ids.decision_id,
    cost_usd: usdOfNano(0n),
    error,
    started_at: instantText(admitted_at_ms),
    ended_at: instantText(ended_at_ms),
    duration_ms: Math.max(0, Math.round(ended_at_ms - admitted_at_ms)),
    is_synthetic: isSynthetic(call.asker),
    parent_step_id: ticket.asked.claims?.parent_step_id ?? null,
  };
}

/** The lines of the call's holds as they were asked, held and posted: what preview and audit replay. */
function holdsJson(ticket: Recordable, amounts: readonly bigint[]): Json {
  return ticket.lines.map((line, n) => ({
    policy_id: line.policy.id,
    policy_version: line.policy.version,
    control_id: line.control.id,
    type: line.limit.type,
    action: line.control.action,
    mode: line.policy.mode,
    subject: line.key.subject,
    window_start: instantText(line.key.window_start_ms),
    resets_at: line.resets_at_ms === null ? null : instantText(line.resets_at_ms),
    cap: String(line.max),
    posted_before: String(ticket.seen[n]?.posted ?? 0n),
    pending_before: String(ticket.seen[n]?.pending ?? 0n),
    held: String(heldOf(line, ticket.output_bound)),
    posted: String(amounts[n] ?? 0n),
    ...(ticket.seen[n]?.has_place && { has_place: true }),
  }));
}

/** Written out and not spread: an object of so many members that is put together of others costs ten times as much. */
export function recordOf(ticket: Recordable, ending: Ending): LlmRunRecordRow {
  const { ids, call, model, asked } = ticket;
  const { usage } = ending;
  const { asker } = call;
  const known = ending.usage_source !== 'none';
  return {
    tenant_id: call.asker.tenant_id,
    id: ids.record_id,
    run_id: ids.run_id,
    trace_id: ids.trace_id,
    step_id: ids.step_id,
    decision_id: ids.decision_id,
    project_id: asker.project.id,
    agent_id: asker.agent?.id ?? null,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    session_id: asker.session?.id ?? null,
    provider: model.provider.slug,
    model: model.name,
    wire: asked.wire.name,
    streamed: asked.request.stream,
    execution_status: ending.status,
    http_status: ending.http_status,
    error_code: ending.error?.code ?? null,
    error_message: ending.error?.message ?? null,
    prompt_hash: ending.prompt_hash,
    response_hash: ending.response_hash,
    input_tokens: known ? usage.input_tokens : null,
    output_tokens: known ? usage.output_tokens : null,
    cached_input_tokens: known ? usage.cached_input_tokens : null,
    cache_write_tokens: known ? usage.cache_write_tokens + usage.cache_write_1h_tokens : null,
    cache_write_1h_tokens: known ? usage.cache_write_1h_tokens : null,
    reasoning_tokens: known ? usage.reasoning_tokens : null,
    audio_input_tokens: known ? (usage.audio_input_tokens ?? 0) : null,
    audio_output_tokens: known ? (usage.audio_output_tokens ?? 0) : null,
    web_searches: known ? (usage.web_searches ?? 0) : null,
    max_output_tokens: ticket.output_bound,
    usage_source: ending.usage_source,
    cost_usd: ending.charges && usdOfNano(costOf(ending.charges)),
    charges: ending.charges && recordedCharges(ending.charges),
    price_id: model.priced?.price.id ?? null,
    price_version: model.priced?.price.version ?? null,
    policy_snapshot_id: ticket.control.policies.snapshot_id,
    verdict: ticket.decision.verdict,
    estimate: estimateJson(ticket.estimate),
    holds: holdsJson(ticket, ending.amounts),
    tags: call.tags,
    step_name: asked.planned?.name ?? null,
    parent_step_id: asked.claims?.parent_step_id ?? null,
    traceparent: asked.claims?.traceparent ?? null,
    source: asked.planned ? 'managed' : 'gateway',
    is_synthetic: isSynthetic(call.asker),
    synthetic_scenario_id: call.asker.synthetic_scenario_id ?? null,
    admitted_at: instantText(ticket.admitted_at_ms),
    first_byte_at: ending.first_byte_at_ms === null ? null : instantText(ending.first_byte_at_ms),
    settled_at: instantText(ending.settled_at_ms),
  };
}

/** The decision as a row; `code` other than the deciding control's when identity and not a policy refused. */
export function decisionOf(ticket: Recordable, decided_at_ms: number): DecisionRow {
  const { ids, call, decision } = ticket;
  const { asker } = call;
  const { deciding } = decision;
  return {
    tenant_id: call.asker.tenant_id,
    id: ids.decision_id,
    run_id: ids.run_id,
    step_id: ids.step_id,
    project_id: asker.project.id,
    agent_id: asker.agent?.id ?? null,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    session_id: asker.session?.id ?? null,
    verdict: decision.verdict,
    code: deciding?.code ?? null,
    policy_id: deciding?.policy_id ?? null,
    control_id: deciding?.control_id ?? null,
    policy_snapshot_id: ticket.control.policies.snapshot_id,
    call: {
      kind: call.kind,
      provider: call.provider,
      model: call.model,
      tools: call.tools,
      tags: call.tags,
      wire: ticket.asked.wire.name,
    },
    estimate: estimateJson(ticket.estimate),
    contributions: decision.contributions as unknown as Json,
    is_synthetic: isSynthetic(call.asker),
    decided_at: instantText(decided_at_ms),
  };
}

/** What the call adds to its run. A refused call counts as a refused one and costs nothing. */
export function progressOf(
  ticket: Recordable,
  at_ms: number,
  of: { refused: boolean; usage: Usage | null; cost_nano: NanoUsd | null; termination: RunProgress['last_refusal'] },
): RunProgress {
  const { decision } = ticket;
  const violated = decision.fired ? decision.contributions.find((by) => by.fired && by.mode === 'enforce') : undefined;
  return {
    run_id: ticket.ids.run_id,
    calls: 1,
    refused_calls: of.refused ? 1 : 0,
    input_tokens: of.usage?.input_tokens ?? 0,
    output_tokens: of.usage?.output_tokens ?? 0,
    cost_usd: usdOfNano(of.cost_nano ?? 0n),
    last_refusal: of.termination,
    violation_policy_id: violated?.policy_id ?? null,
    policy_context: contextOf(decision),
    at: instantText(at_ms),
  };
}

/** The policy a run stands under: the one that decided, else the tightest that applied, else none, said explicitly. */
export const contextOf = ({ deciding, tightest }: Decision): string => deciding?.policy_id ?? tightest ?? no_policy;
