import { firstSuffixAt, id_prefixes } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';

/** A span that becomes a step, by the ids of its trace. */
export interface ReportedSpan {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  step_id: string;
}

/**
 * The runs of traces: the one that was made for it before, or the new one. Reporters of one trace wait here for each
 * other, in the order of the ids.
 */
export async function runsOfTraces(
  tx: Tx,
  project_id: string,
  traces: readonly { trace_id: string; new_run_id: string }[],
): Promise<Map<string, string>> {
  const ordered = [...traces].sort((a, b) => (a.trace_id < b.trace_id ? -1 : 1));
  const rows = await tx.query<{ otel_trace_id: string; run_id: string }>(
    `insert into reported_traces (tenant_id, project_id, otel_trace_id, run_id)
      select current_tenant(), $1, t.trace_id, t.run_id from unnest($2::text[], $3::text[]) t(trace_id, run_id)
      on conflict (tenant_id, project_id, otel_trace_id) do update set run_id = reported_traces.run_id
      returning otel_trace_id, run_id`,
    [project_id, ordered.map(({ trace_id }) => trace_id), ordered.map(({ new_run_id }) => new_run_id)],
  );
  return new Map(rows.map((row) => [row.otel_trace_id, row.run_id]));
}

/** Those of these traces that have a run. */
export async function knownTraces(
  tx: Tx,
  project_id: string,
  trace_ids: readonly string[],
): Promise<Map<string, string>> {
  const rows = await tx.query<{ otel_trace_id: string; run_id: string }>(
    `select otel_trace_id, run_id from reported_traces
      where tenant_id = current_tenant() and project_id = $1 and otel_trace_id = any ($2)`,
    [project_id, trace_ids],
  );
  return new Map(rows.map((row) => [row.otel_trace_id, row.run_id]));
}

/** Takes the spans that had not been taken, and answers the steps they are. */
export async function takeSpans(tx: Tx, project_id: string, spans: readonly ReportedSpan[]): Promise<Set<string>> {
  const all = <Name extends keyof ReportedSpan>(name: Name) => spans.map((of) => of[name]);
  const rows = await tx.query<{ step_id: string }>(
    `insert into reported_spans (tenant_id, project_id, otel_trace_id, span_id, parent_span_id, step_id)
      select current_tenant(), $1, s.* from unnest($2::text[], $3::text[], $4::text[], $5::text[]) s
      on conflict do nothing returning step_id`,
    [project_id, all('trace_id'), all('span_id'), all('parent_span_id'), all('step_id')],
  );
  return new Set(rows.map(({ step_id }) => step_id));
}

/** Forgets spans so old that their like is refused for its age. */
export async function forgetSpans(tx: Tx, before_ms: number): Promise<void> {
  const older = (prefix: string) => `${prefix}_${firstSuffixAt(before_ms)}`;
  await tx.query('delete from reported_spans where tenant_id = current_tenant() and step_id < $1', [
    older(id_prefixes.step),
  ]);
  await tx.query('delete from reported_traces where tenant_id = current_tenant() and run_id < $1', [
    older(id_prefixes.run),
  ]);
}
