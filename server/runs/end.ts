import type { TerminationReason } from '@aos/core/activity/run.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import type { Tx } from '../base/database.ts';
import { sealContext } from '../base/vault.ts';
import { providerRefused } from '../govern/dispatch.ts';
import type { Govern } from '../govern/govern.ts';
import { closeGateIfAsked, withdrawQuestions } from '../govern/questions.ts';
import { writeIncidents } from '../govern/write-incidents.ts';
import { terminationOf } from '../store/decisions-read.ts';
import { appendToLedger } from '../store/ledger.ts';
import { endManagedRun, type Lease, type ManagedRun, retryManagedRun } from '../store/managed-runs.ts';
import { endRun as endRunRow, lockRuns, setAside } from '../store/runs.ts';
import { completeTraces, linkIncidents } from '../store/traces.ts';

/** How a run ended. */
export type End =
  | { kind: 'done'; result: Json }
  | { kind: 'failed'; code: string; message: string; termination: TerminationReason }
  | { kind: 'refused'; code: string; message: string; decision_id: string };

interface Ending {
  tenant_id: string;
  run: ManagedRun;
  lease: Lease;
  request_id: string;
}

/** The terminal state with everything that belongs to it, once: whoever has lost the claim writes nothing. */
export async function endRun(govern: Govern, ending: Ending, end: End): Promise<void> {
  const { tenant_id, run, lease } = ending;
  if (end.kind === 'failed' && may_pass.test(end.code) && run.retries < run.retries_max)
    return tryAgainLater(govern, ending, end);
  await govern.db.tenant(tenant_id, async (tx) => {
    const result = end.kind === 'done' ? JSON.stringify(end.result) : null;
    const context = sealContext(tenant_id, 'managed_runs', run.run_id);
    const failure: Json =
      end.kind === 'done'
        ? null
        : {
            code: end.code,
            message: end.message,
            ...(end.kind === 'refused' && { decision_id: end.decision_id }),
          };
    await closeGateIfAsked(tx, tenant_id, [run.run_id]);
    await lockRuns(tx, [run.run_id]);
    const ours = await endManagedRun(tx, lease, {
      result_envelope: result === null ? null : govern.vault.seal(result, context),
      failure,
    });
    if (!ours) return;
    const terminal = await terminalOf(tx, end);
    const ended = await endRunRow(tx, { id: run.run_id, ...terminal, policy_id: null });
    // Killed or cancelled meanwhile: that end stands, and its trace is completed by whoever ended it.
    if (!ended) return;
    await withdrawQuestions(govern, tx, tenant_id, [run.run_id]);
    if (end.kind === 'failed' && !hasIncident(end.code)) await openIncident(govern, tx, ending, end);
    await completeTraces(tx, [run.run_id]);
    const { status, termination_reason } = terminal;
    const reason = end.kind === 'done' ? null : end.message;
    const of = { event: 'RUN_ENDED', before: ended.status_before, after: { status, termination_reason }, reason };
    await keep(govern, tx, ending, of);
  });
}

/**
 * Whether the call by which a run failed has opened the incident when it was settled. One that its provider refuses with
 * a status below 500 other than 429 has not: callers outside try such a thing and go on, where a managed run is over.
 */
function hasIncident(code: string): boolean {
  const status = /^provider_(\d{3})$/.exec(code)?.[1];
  return status ? providerRefused(Number(status)).incidents.length > 0 : code.startsWith('provider_');
}

/**
 * Failures that may pass by themselves: nobody answered, or the provider says that it cannot for now, with a status or
 * as the first thing of a stream. A 500 says nothing of the kind, nor does an error later in a stream, whose beginning
 * has been paid for: neither is tried again.
 */
const may_pass = /^provider_(?:unreachable|timeout|408|429|502|503|504|529)$/;

/** Seconds before the n-th try again, from 1. */
const backoff_s = (n: number): number => Math.min(60 * 2 ** (n - 1), 3_600);

async function tryAgainLater(govern: Govern, ending: Ending, { code, message }: Extract<End, { kind: 'failed' }>) {
  const { tenant_id, run, lease } = ending;
  const after_s = backoff_s(run.retries + 1);
  await govern.db.tenant(tenant_id, async (tx) => {
    await lockRuns(tx, [run.run_id]);
    if (!(await retryManagedRun(tx, lease, { after_s, failure: { code, message } }))) return;
    if (!(await setAside(tx, run.run_id))) return;
    const after = { status: 'retry', retry: run.retries + 1, of: run.retries_max, after_seconds: after_s, code };
    await keep(govern, tx, ending, { event: 'RUN_RETRY_SCHEDULED', before: 'running', after, reason: message });
  });
}

/** What the ledger says of a change of a managed run; `before` is its status. */
export const keep = (
  govern: Govern,
  tx: Tx,
  { tenant_id, run, request_id }: Pick<Ending, 'tenant_id' | 'run' | 'request_id'>,
  of: { event: string; before: string; after: Json; reason: string | null },
): Promise<void> =>
  appendToLedger(tx, tenant_id, [
    {
      id: govern.makeId('event'),
      event: of.event,
      actor_type: 'system',
      actor_id: 'aos',
      object_type: 'run',
      object_id: run.run_id,
      api_key_id: run.api_key_id,
      agent_id: run.agent_id,
      project_id: run.project_id,
      run_id: run.run_id,
      before: { status: of.before },
      after: of.after,
      reason: of.reason?.slice(0, 500) ?? null,
      request_id,
      occurred_at: instantText(govern.clock.now()),
    },
  ]);

/** The status is a function of the reason; a refusal has the reason of its decision. */
async function terminalOf(tx: Tx, end: End) {
  if (end.kind === 'done')
    return { status: 'succeeded', termination_reason: 'COMPLETED', outcome_record: 'SUCCESS' } as const;
  if (end.kind === 'failed' && end.termination === 'POLICY_BLOCK')
    return { status: 'failed_policy', termination_reason: end.termination, outcome_record: 'BLOCKED' } as const;
  if (end.kind === 'failed')
    return { status: 'failed', termination_reason: end.termination, outcome_record: 'FAILURE' } as const;
  const termination_reason = (await terminationOf(tx, end.decision_id)) ?? 'POLICY_BLOCK';
  return termination_reason === 'USER_ABORT'
    ? ({ status: 'cancelled', termination_reason, outcome_record: 'ABORTED' } as const)
    : ({ status: 'failed_policy', termination_reason, outcome_record: 'BLOCKED' } as const);
}

/** A run that failed by itself. */
async function openIncident(
  govern: Govern,
  tx: Tx,
  { tenant_id, run }: Ending,
  end: Extract<End, { kind: 'failed' }>,
): Promise<void> {
  const at = instantText(govern.clock.now());
  const { policy_id, ...draft } = failureIncident(end.message);
  const incident = {
    ...draft,
    tenant_id,
    id: govern.makeId('incident'),
    source_run_id: run.run_id,
    violation_policy_id: policy_id,
    title: `A run failed (${end.code}): ${end.message}`.slice(0, 500),
    trace_id: sibling(run.run_id, 'trace'),
    decision_id: sibling(run.run_id, 'decision'),
    project_id: run.project_id,
    agent_id: run.agent_id,
    actor_id: run.actor_id,
    api_key_id: run.api_key_id,
    status: 'open' as const,
    occurrences: 1,
    is_synthetic: run.is_synthetic,
    opened_at: at,
    last_occurred_at: at,
  };
  await writeIncidents(govern, tx, tenant_id, [incident]);
  await linkIncidents(tx, [run.run_id]);
}
