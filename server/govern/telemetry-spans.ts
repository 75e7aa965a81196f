import { epochMs } from '@aos/core/base/time.ts';
import { sha256Hex } from '../base/deps.ts';
import { readTraceparent, type TraceContext } from '../otlp/trace-context.ts';
import type { OutAttributes, OutSpan } from '../otlp/write-spans.ts';
import type { ToldRun, ToldStep } from '../store/telemetry-read.ts';

/**
 * Runs and steps as spans of the GenAI conventions, Semantic Conventions v1.41. What these have no name for stands
 * under `aos.`. Ids are made from ours, so that whoever tells of a thing again tells of the same span.
 */
export function spanOfStep(step: ToldStep): OutSpan | null {
  const caller = readTraceparent(step.params.traceparent);
  if (caller?.sampled === false) return null;
  const error = errorOf(step);
  return {
    ...placeOfStep(step, caller),
    name: nameOf(step),
    kind: step.kind === 'llm' ? 'client' : 'internal',
    started_ms: epochMs(step.started_at),
    ended_ms: epochMs(step.ended_at),
    error: error && (step.error?.message ?? error),
    attributes: {
      ...(step.kind === 'llm' ? modelOf(step) : actionOf(step)),
      ...whoOf(step),
      'error.type': error,
      'aos.step.id': step.id,
      'aos.step.status': step.status,
      'aos.decision.id': step.decision_id,
      'aos.decision.verdict': step.verdict,
      'aos.policy.id': step.policy_id,
      'aos.policy.snapshot_id': step.snapshot_id,
      'aos.limit.id': step.control_id,
      'aos.cost_usd': step.cost_usd,
    },
  };
}

export function spanOfRun(run: ToldRun): OutSpan | null {
  const caller = readTraceparent(run.traceparent);
  if (caller?.sampled === false) return null;
  const failed = run.status !== 'succeeded';
  return {
    trace_id: caller?.trace_id ?? traceOf(run.id),
    span_id: spanId(run.id),
    parent_span_id: caller?.span_id ?? null,
    name: run.agent_slug === null ? 'invoke_agent' : `invoke_agent ${run.agent_slug}`,
    kind: 'internal',
    started_ms: epochMs(run.started_at),
    ended_ms: Math.max(epochMs(run.ended_at), epochMs(run.started_at)),
    error: failed ? (run.termination_reason ?? run.status) : null,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      ...whoOf({ ...run, run_id: run.id }),
      'error.type': failed ? (run.termination_reason ?? run.status) : null,
      'aos.run.source': run.mode,
      'aos.run.status': run.status,
      'aos.run.termination_reason': run.termination_reason,
      'aos.run.calls': run.calls,
      'aos.run.refused_calls': run.refused_calls,
      'aos.run.input_tokens': Number(run.input_tokens),
      'aos.run.output_tokens': Number(run.output_tokens),
      'aos.policy.id': run.violation_policy_id,
      'aos.policy.snapshot_id': run.policy_snapshot_id,
      'aos.cost_usd': run.cost_usd,
    },
  };
}

/** The caller's trace goes on where there is one; else the run is a trace of its own. */
function placeOfStep(
  step: ToldStep,
  caller: TraceContext | null,
): Pick<OutSpan, 'trace_id' | 'span_id' | 'parent_span_id'> {
  const span_id = spanId(step.id);
  if (caller) return { trace_id: caller.trace_id, span_id, parent_span_id: caller.span_id };
  return { trace_id: traceOf(step.run_id), span_id, parent_span_id: spanId(step.parent_step_id ?? step.run_id) };
}

/** Sixteen and eight bytes in hexadecimal; a hash is never all zeros. */
const traceOf = (run_id: string): string => sha256Hex(`trace ${run_id}`).slice(0, 32);
const spanId = (id: string): string => sha256Hex(`span ${id}`).slice(0, 16);

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const count = (value: string | null): number | null => (value === null ? null : Number(value));

const modelName = (step: ToldStep): string => step.model ?? text(step.params.model) ?? 'unknown';
const operationOf = (step: ToldStep): string => {
  if (step.kind === 'llm') return (step.wire ?? step.params.wire) === 'embeddings' ? 'embeddings' : 'chat';
  return step.kind === 'retrieval' ? 'retrieval' : 'execute_tool';
};
const nameOf = (step: ToldStep): string => `${operationOf(step)} ${step.kind === 'llm' ? modelName(step) : step.skill}`;

const modelOf = (step: ToldStep): OutAttributes => ({
  'gen_ai.operation.name': operationOf(step),
  'gen_ai.provider.name': step.provider ?? text(step.params.provider),
  'gen_ai.request.model': modelName(step),
  'gen_ai.request.stream': step.streamed ?? (step.params.streamed === true ? true : null),
  'gen_ai.usage.input_tokens': count(step.input_tokens),
  'gen_ai.usage.output_tokens': count(step.output_tokens),
  'gen_ai.usage.cache_read.input_tokens': count(step.cached_input_tokens),
  'gen_ai.usage.cache_creation.input_tokens': count(step.cache_write_tokens),
  'gen_ai.usage.reasoning.output_tokens': count(step.reasoning_tokens),
  'aos.usage_source': step.usage_source,
  'aos.content.input.hash': step.prompt_hash === null ? null : `sha256:${step.prompt_hash}`,
  'aos.content.output.hash': step.response_hash === null ? null : `sha256:${step.response_hash}`,
});

const actionOf = (step: ToldStep): OutAttributes => ({
  'gen_ai.operation.name': operationOf(step),
  [step.kind === 'retrieval' ? 'gen_ai.data_source.id' : 'gen_ai.tool.name']: step.skill,
  'aos.step.kind': step.kind,
});

const whoOf = (
  of: Pick<
    ToldStep,
    | 'run_id'
    | 'tenant_id'
    | 'project_id'
    | 'project_slug'
    | 'api_key_id'
    | 'actor_id'
    | 'agent_slug'
    | 'session'
    | 'is_synthetic'
  >,
): OutAttributes => ({
  'gen_ai.agent.id': of.agent_slug,
  'gen_ai.conversation.id': of.session,
  'aos.run.id': of.run_id,
  'aos.tenant.id': of.tenant_id,
  'aos.project.id': of.project_id,
  'aos.project.slug': of.project_slug,
  'aos.api_key.id': of.api_key_id,
  'aos.actor.id': of.actor_id,
  'aos.is_synthetic': of.is_synthetic ? true : null,
});

/** A code for what went wrong; null: nothing did. */
const errorOf = (step: ToldStep): string | null =>
  step.status === 'succeeded' ? null : (step.error?.code ?? step.status);
