import type { Identity } from '@aos/core/access/identity.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { idAt } from '../base/deps.ts';
import type { Govern } from '../govern/govern.ts';
import type { ArrivedSpan, Span } from '../otlp/span.ts';
import type { ProjectRow } from '../store/control-read.ts';
import { insertRecords } from '../store/llm-run-records.ts';
import { monthsFrom } from '../store/partitions.ts';
import { knownTraces, runsOfTraces, takeSpans } from '../store/reported.ts';
import { addReported, endReported, lockRunsToWrite, openRuns } from '../store/runs.ts';
import { nameSessions } from '../store/sessions.ts';
import { insertSteps, linkReportedSteps } from '../store/steps.ts';
import { completeReported } from '../store/traces.ts';
import { type Rejected, type Told, type ToldSpan, tellSpans } from './reported.ts';
import { type PlacedSpan, type Reporting, rowsOf, runRow } from './reported-rows.ts';

/**
 * Keeps what a batch of spans tells: a trace becomes a run, its spans about models, tools and agents become steps.
 * Nothing of it is decided, held, or counted on a balance, and what was told before changes nothing.
 */
export async function reportSpans(
  govern: Govern,
  identity: Identity,
  project: ProjectRow,
  arrived: readonly ArrivedSpan[],
): Promise<Rejected> {
  const told = await tellSpans(govern, identity, project, arrived);
  if (told.steps.length === 0 && told.roots.length === 0) return told.rejected;
  const reporting = { identity, project, control: await govern.controls.of(identity.tenant_id) };
  await govern.db.tenant(identity.tenant_id, (tx) => write(tx, govern, reporting, told));
  return told.rejected;
}

async function write(tx: Tx, govern: Govern, reporting: Reporting, told: Told): Promise<void> {
  const placed = await place(tx, govern, reporting, told.steps);
  const traces = [...new Set([...placed, ...told.roots.map((span) => ({ span }))].map(({ span }) => span.trace_id))];
  const runs = await knownTraces(tx, reporting.project.id, traces);
  await lockRunsToWrite(tx, [...runs.values()]);
  await writeSteps(tx, reporting, placed, govern.clock.now());
  await linkReportedSteps(tx, reporting.project.id, traces);
  const ends = told.roots.flatMap((root) => endOf(root, runs.get(root.trace_id)) ?? []);
  const completed = await completeReported(tx, ends);
  await endReported(
    tx,
    ends.filter(({ id }) => completed.has(id)),
  );
}

/** The spans that had not been taken before, each with its run, step and session. */
async function place(
  tx: Tx,
  govern: Govern,
  { identity, project }: Reporting,
  steps: readonly ToldSpan[],
): Promise<PlacedSpan[]> {
  if (steps.length === 0) return [];
  const now_ms = govern.clock.now();
  const first_ms = Math.min(...steps.map(({ span }) => span.started_ms));
  if (instantText(first_ms).slice(0, 7) !== instantText(now_ms).slice(0, 7))
    await monthsFrom(tx, instantText(first_ms));
  const starts = new Map<string, number>();
  for (const { span } of steps)
    starts.set(span.trace_id, Math.min(span.started_ms, now_ms, starts.get(span.trace_id) ?? Infinity));
  const runs = await runsOfTraces(
    tx,
    project.id,
    [...starts].map(([trace_id, at_ms]) => ({ trace_id, new_run_id: idAt(govern, 'run', at_ms) })),
  );
  const ids = steps.map((told) => ({
    ...{ trace_id: told.span.trace_id, span_id: told.span.span_id, parent_span_id: told.parent_span_id },
    step_id: idAt(govern, 'step', Math.min(told.span.started_ms, now_ms)),
  }));
  const taken = await takeSpans(tx, project.id, ids);
  const sessions = await sessionsOf(tx, govern, { tenant_id: identity.tenant_id, project_id: project.id }, steps);
  return steps.flatMap((told, n) => {
    const step_id = ids[n]?.step_id ?? '';
    if (!taken.has(step_id)) return [];
    const session_id = told.session === null ? null : (sessions.get(told.session)?.id ?? null);
    return { ...told, run_id: runs.get(told.span.trace_id) ?? '', step_id, session_id };
  });
}

function sessionsOf(tx: Tx, govern: Govern, of: { tenant_id: string; project_id: string }, steps: readonly ToldSpan[]) {
  const names = [...new Set(steps.flatMap(({ session }) => session ?? []))].sort();
  const at = instantText(govern.clock.now());
  return nameSessions(
    tx,
    of,
    names.map((external_id) => ({ external_id, at, new_id: govern.makeId('session') })),
  );
}

async function writeSteps(tx: Tx, reporting: Reporting, placed: readonly PlacedSpan[], now_ms: number): Promise<void> {
  if (placed.length === 0) return;
  const of_run = new Map<string, PlacedSpan[]>();
  for (const told of placed) of_run.set(told.run_id, [...(of_run.get(told.run_id) ?? []), told]);
  const runs = [...of_run.values()].flatMap((told) => runRow(reporting, told, now_ms) ?? []);
  const rows = placed.map((told) => rowsOf(reporting, told));
  await openRuns(tx, runs);
  await insertSteps(
    tx,
    rows.map(({ step }) => step),
  );
  await insertRecords(
    tx,
    rows.flatMap(({ record }) => record ?? []),
  );
  await addReported(
    tx,
    runs.map((run) => {
      const ours = rows.filter(({ step }) => step.run_id === run.id);
      const records = ours.flatMap(({ record }) => record ?? []);
      return {
        ...run,
        calls: records.length,
        input_tokens: records.reduce((sum, of) => sum + (of.input_tokens ?? 0), 0),
        output_tokens: records.reduce((sum, of) => sum + (of.output_tokens ?? 0), 0),
        estimated_cost_usd: usdOfNano(ours.reduce((sum, of) => sum + (of.cost_nano ?? 0n), 0n)),
      };
    }),
  );
}

const endOf = (root: Span, run_id: string | undefined) =>
  run_id === undefined ? null : { id: run_id, failed: root.failed, ended_at: instantText(root.ended_ms) };
