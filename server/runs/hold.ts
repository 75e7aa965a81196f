import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import type { Tx } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import { pausedBy } from '../store/decisions-read.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger } from '../store/ledger.ts';
import { holdRun, resumeRun } from '../store/pauses.ts';
import { write } from './while-claimed.ts';
import type { Work } from './work.ts';

/** Lets a run stand still that a limit pauses. It is no use to try again before there is room, or somebody has decided. */
export function holdByLimit(govern: Govern, work: Work, decision_id: string): Promise<void> {
  return write(govern, work, async (tx) => {
    const paused = await pausedBy(tx, decision_id);
    if (!paused) return;
    const { cause, ...by } = paused;
    await closeGate(tx, work.tenant_id);
    const at = instantText(govern.clock.now());
    const { tenant_id, run } = work;
    const reason = toldToCaller(cause).reason.slice(0, 500);
    const id = govern.makeId('pause');
    if (!(await holdRun(tx, { ...by, tenant_id, id, run_id: run.run_id, at, reason, by: by.policy_id }))) return;
    const after = { hold: 'paused', control_id: by.control_id, decision_id };
    await keep(govern, tx, work, {
      event: 'RUN_PAUSED',
      by: by.policy_id,
      before: { hold: 'none' },
      after,
      reason,
      at,
    });
  });
}

/** What held the run does not any more. */
export function goOn(govern: Govern, work: Work): Promise<void> {
  return write(govern, work, async (tx) => {
    await closeGate(tx, work.tenant_id);
    const at = instantText(govern.clock.now());
    const reason = 'the limit that held it does not pause it any more';
    if (!(await resumeRun(tx, { run_id: work.run.run_id, at, by: 'aos', reason }))) return;
    const of = { event: 'RUN_RESUMED', by: 'aos', before: { hold: 'paused' }, after: { hold: 'none' }, reason, at };
    await keep(govern, tx, work, of);
  });
}

const keep = (
  govern: Govern,
  tx: Tx,
  { tenant_id, run, request_id }: Work,
  of: { event: string; by: string; before: Json; after: Json; reason: string; at: string },
): Promise<void> =>
  appendToLedger(tx, tenant_id, [
    {
      id: govern.makeId('event'),
      event: of.event,
      actor_type: 'system',
      actor_id: of.by,
      object_type: 'run',
      object_id: run.run_id,
      api_key_id: run.api_key_id,
      agent_id: run.agent_id,
      project_id: run.project_id,
      run_id: run.run_id,
      before: of.before,
      after: of.after,
      reason: of.reason,
      request_id,
      occurred_at: of.at,
    },
  ]);
