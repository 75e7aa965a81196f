import type { Identity } from '@aos/core/access/identity.ts';
import type { TerminationReason } from '@aos/core/activity/run.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Contribution, Decision } from '@aos/core/policies/decide.ts';
import { endsRun } from '@aos/core/policies/stop.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger } from '../store/ledger.ts';
import { closeManagedRun } from '../store/managed-runs.ts';
import { closePause } from '../store/pauses.ts';
import { endRun, openRunsIn } from '../store/runs.ts';
import { orderStop, type StopRow } from '../store/stops.ts';
import { patiently } from './patience.ts';
import { withdrawQuestions } from './questions.ts';

/** Who kills a run, and as what it ends. */
export interface Kill {
  tenant_id: string;
  run_id: string;
  reason: string;
  status: 'cancelled' | 'failed_policy';
  termination_reason: TerminationReason;
  /** The ledger's word for what was asked for. */
  event: 'RUN_KILLED' | 'RUN_CANCELLED';
  /** Who ordered it; null: the policy did. */
  ordered_by: Pick<Identity, 'api_key' | 'is_human'> | null;
  policy_id: string | null;
  request_id: string | null;
}

/**
 * Ends a run, and the runs that were asked for in it, with the tenant's gate closed: admissions in flight are waited for, later ones find the run ended, and what
 * is in flight is aborted by every process that hears of the stop. Undefined: the run has ended already.
 */
export async function killRun(deps: Deps, tx: Tx, kill: Kill): Promise<StopRow | undefined> {
  await closeGate(tx, kill.tenant_id);
  const stop = await killOne(deps, tx, kill);
  if (!stop) return undefined;
  const reason = `its run ${kill.run_id} was ended: ${kill.reason}`.slice(0, 500);
  // Again until there is none: one may be asked for in a run that is being ended.
  for (let inside = await openRunsIn(tx, kill.run_id); inside.length > 0; inside = await openRunsIn(tx, kill.run_id))
    for (const run_id of inside) await killOne(deps, tx, { ...kill, run_id, reason });
  return stop;
}

async function killOne(deps: Deps, tx: Tx, kill: Kill): Promise<StopRow | undefined> {
  const { tenant_id, run_id, reason, status, termination_reason } = kill;
  const ordered_by = kill.ordered_by?.api_key.id ?? null;
  const actor_id = ordered_by ?? kill.policy_id ?? 'aos';
  const outcome_record = status === 'cancelled' ? 'ABORTED' : 'BLOCKED';
  const ended = await endRun(tx, { id: run_id, status, termination_reason, outcome_record, policy_id: kill.policy_id });
  if (!ended) return undefined;
  await closeManagedRun(tx, run_id, { code: 'run_terminated', message: reason });
  const at = instantText(deps.clock.now());
  await withdrawQuestions(deps, tx, tenant_id, [run_id]);
  await closePause(tx, { run_id, at, by: actor_id, reason });
  await appendToLedger(tx, tenant_id, [
    {
      id: deps.makeId('event'),
      event: kill.event,
      actor_type: kill.ordered_by === null ? 'system' : kill.ordered_by.is_human ? 'human' : 'service',
      actor_id,
      object_type: 'run',
      object_id: run_id,
      api_key_id: ended.api_key_id,
      agent_id: ended.agent_id,
      project_id: ended.project_id,
      run_id,
      before: { status: ended.status_before },
      after: { status, termination_reason },
      reason,
      request_id: kill.request_id,
      occurred_at: at,
    },
  ]);
  return orderStop(tx, {
    tenant_id,
    id: deps.makeId('stop'),
    kind: 'run',
    subject_id: run_id,
    name: run_id,
    reason,
    ordered_by,
    policy_id: kill.policy_id,
    ordered_at: at,
  });
}

/** Whose run ends by a decision, and which request brought it about. */
interface Due {
  call: { asker: { tenant_id: string } };
  ids: { run_id: string };
  /** Null: no request did, but the job that makes up for one. */
  asked: { request_id: string | null };
}

/**
 * Ends the run of a call that was decided so; nothing happens after other decisions. The decision is written by then:
 * a run that cannot be ended for seconds is ended by the job `end-doomed-runs`, and the caller is told what was decided.
 */
export async function endRunIfDue(govern: Deps, due: Due, { deciding }: Pick<Decision, 'deciding'>): Promise<void> {
  if (!deciding || !endsRun(deciding)) return;
  try {
    await patiently(() => killByPolicy(govern, due, deciding));
  } catch (error) {
    govern.log.error({ error, run_id: due.ids.run_id }, 'a run that a policy ends could not be ended yet');
  }
}

export async function killByPolicy(govern: Deps, { call, ids, asked }: Due, by: Contribution): Promise<void> {
  const { tenant_id } = call.asker;
  await govern.db.tenant(tenant_id, (tx) =>
    killRun(govern, tx, {
      tenant_id,
      run_id: ids.run_id,
      reason: toldToCaller(by).reason.slice(0, 500),
      status: 'failed_policy',
      termination_reason: by.termination,
      event: 'RUN_KILLED',
      ordered_by: null,
      policy_id: by.policy_id,
      request_id: asked.request_id,
    }),
  );
}
