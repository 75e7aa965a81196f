import type { Identity } from '@aos/core/access/identity.ts';
import { type Charge, costOf, recordedCharges } from '@aos/core/activity/charge.ts';
import { chargesOf } from '@aos/core/activity/price.ts';
import { type ReportedModel, readModel } from '@aos/core/activity/reported-span.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { type NanoUsd, usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import { sha256Hex } from '../base/deps.ts';
import type { TenantControl } from '../govern/control.ts';
import { clean } from '../otlp/span.ts';
import type { ProjectRow } from '../store/control-read.ts';
import type { LlmRunRecordRow } from '../store/llm-run-records.ts';
import type { NewRun } from '../store/runs.ts';
import type { StepRow } from '../store/steps.ts';
import type { ToldSpan } from './reported.ts';

/** On whose word, in which project, at which prices. */
export interface Reporting {
  identity: Identity;
  project: ProjectRow;
  control: Pick<TenantControl, 'prices'>;
}

/** A span with its place among our objects. */
export interface PlacedSpan extends ToldSpan {
  run_id: string;
  step_id: string;
  session_id: string | null;
}

/** What one reported step is written as; `cost_nano` null: nothing was asked of a model, or it has no price. */
export interface ReportedRows {
  step: StepRow;
  record: LlmRunRecordRow | null;
  cost_nano: NanoUsd | null;
}

const synthetic = ({ synthetic_scenario_id }: ProjectRow) => ({
  is_synthetic: synthetic_scenario_id !== null,
  synthetic_scenario_id,
});

export function runRow({ identity, project }: Reporting, told: readonly PlacedSpan[], at_ms: number): NewRun | null {
  const [first] = told;
  if (!first) return null;
  const started_at = instantText(Math.min(...told.map(({ span }) => span.started_ms)));
  const service = told.find(({ span }) => span.attributes.has('service.name'))?.span.attributes.get('service.name');
  return {
    tenant_id: identity.tenant_id,
    id: first.run_id,
    project_id: project.id,
    agent_id: told.find(({ agent }) => agent !== null)?.agent?.id ?? null,
    actor_id: identity.actor_ids.length === 1 ? (identity.actor_ids[0] ?? null) : null,
    api_key_id: identity.api_key.id,
    session_id: told.find(({ session_id }) => session_id !== null)?.session_id ?? null,
    mode: 'reported',
    status: 'running',
    hold: 'none',
    identity: identity.agent_ids.length > 0 ? 'bound' : told.some(({ agent }) => agent !== null) ? 'claimed' : 'none',
    policy_snapshot_id: null,
    policy_context: 'SYSTEM_DEFAULT',
    ...{ calls: 0, refused_calls: 0, input_tokens: 0, output_tokens: 0, estimated_cost_usd: '0' },
    tags: {
      'otel.trace_id': first.span.trace_id,
      ...(typeof service === 'string' && service !== '' && { 'service.name': clean(service, 256) }),
    },
    ...synthetic(project),
    created_at: started_at,
    started_at,
    last_activity_at: instantText(at_ms),
  };
}

export function rowsOf(reporting: Reporting, told: PlacedSpan): ReportedRows {
  const model = told.action.kind === 'llm' ? readModel(told.span.attributes) : null;
  const priced = model && pricedOf(reporting.control, model);
  const charges = model?.usage && priced ? chargesOf(model.usage, priced.price) : null;
  const cost_nano = charges && costOf(charges);
  return {
    step: stepRow(reporting, told, model, cost_nano),
    record: model && recordRow(reporting, told, model, charges, priced?.price ?? null),
    cost_nano,
  };
}

/** The price of the model that answered, or else of the one that was asked. */
function pricedOf({ prices }: Reporting['control'], { provider, price_provider, models }: ReportedModel) {
  for (const model of models) {
    const found = prices.find(provider, model) ?? prices.find(price_provider, model);
    if (found) return found;
  }
  return null;
}

function stepRow(
  { identity, project }: Reporting,
  { span, action, run_id, step_id }: PlacedSpan,
  model: ReportedModel | null,
  cost_nano: NanoUsd | null,
): StepRow {
  const about =
    model === null ? {} : { model: clean(model.models[0] ?? '', 200), provider: clean(model.provider, 200) };
  const subject =
    action.subject === null ? {} : { [action.kind === 'tool' ? 'tool' : 'subject']: clean(action.subject, 256) };
  return {
    tenant_id: identity.tenant_id,
    id: step_id,
    trace_id: sibling(run_id, 'trace'),
    run_id,
    kind: action.kind,
    skill: skillOf(action),
    params: { operation: clean(action.operation, 100), name: span.name, ...about, ...subject, span_id: span.span_id },
    status: span.failed ? 'failed' : 'succeeded',
    decision_id: null,
    cost_usd: cost_nano === null ? null : usdOfNano(cost_nano),
    error: errorOf(span, action.error_type),
    started_at: instantText(span.started_ms),
    ended_at: instantText(span.ended_ms),
    duration_ms: span.ended_ms - span.started_ms,
    is_synthetic: synthetic(project).is_synthetic,
    parent_step_id: null,
  };
}

/** As governed steps are called, where there is one of the kind; else the operation. */
const skillOf = ({ kind, operation, subject }: ToldSpan['action']): string =>
  kind === 'llm' ? 'llm' : kind === 'tool' ? clean(subject ?? 'tool', 256) : clean(operation, 100);

const errorOf = ({ failed, status_message }: ToldSpan['span'], error_type: string | null): Json =>
  failed ? { code: clean(error_type ?? 'reported_error', 100), message: status_message } : null;

function recordRow(
  { identity, project }: Reporting,
  { span, action, agent, session_id, run_id, step_id }: PlacedSpan,
  model: ReportedModel,
  charges: Charge[] | null,
  price: { id: string; version: string } | null,
): LlmRunRecordRow {
  const { usage } = model;
  return {
    tenant_id: identity.tenant_id,
    id: sibling(step_id, 'record'),
    run_id,
    trace_id: sibling(run_id, 'trace'),
    step_id,
    decision_id: null,
    project_id: project.id,
    agent_id: agent?.id ?? null,
    actor_id: identity.actor_ids.length === 1 ? (identity.actor_ids[0] ?? null) : null,
    api_key_id: identity.api_key.id,
    session_id,
    provider: clean(model.provider, 200),
    model: clean(model.models[0] ?? '', 200),
    wire: 'otlp',
    streamed: model.streamed,
    execution_status: span.failed ? 'failed' : 'succeeded',
    http_status: null,
    error_code: span.failed ? clean(action.error_type ?? 'reported_error', 100) : null,
    error_message: span.failed ? span.status_message : null,
    prompt_hash: model.input === null ? null : sha256Hex(model.input),
    response_hash: model.output === null ? null : sha256Hex(model.output),
    input_tokens: usage?.input_tokens ?? null,
    output_tokens: usage?.output_tokens ?? null,
    cached_input_tokens: usage?.cached_input_tokens ?? null,
    cache_write_tokens: usage?.cache_write_tokens ?? null,
    cache_write_1h_tokens: usage?.cache_write_1h_tokens ?? null,
    reasoning_tokens: usage?.reasoning_tokens ?? null,
    audio_input_tokens: null,
    audio_output_tokens: null,
    web_searches: null,
    max_output_tokens: null,
    usage_source: usage === null ? 'none' : 'provider',
    cost_usd: charges && usdOfNano(costOf(charges)),
    charges: charges && recordedCharges(charges),
    price_id: charges && (price?.id ?? null),
    price_version: charges && (price?.version ?? null),
    policy_snapshot_id: null,
    verdict: null,
    estimate: {},
    holds: [],
    tags: { 'otel.trace_id': span.trace_id },
    ...{ step_name: null, parent_step_id: null, traceparent: null },
    source: 'reported',
    ...synthetic(project),
    admitted_at: instantText(span.started_ms),
    first_byte_at: null,
    settled_at: instantText(span.ended_ms),
  };
}
