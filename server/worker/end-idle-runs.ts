import { firstSuffixAt, id_prefixes } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Govern } from '../govern/govern.ts';
import { closeGateIfAsked, withdrawQuestions } from '../govern/questions.ts';
import { appendToLedger } from '../store/ledger.ts';
import { endIdleRuns, type IdleRun } from '../store/runs.ts';
import { completeTraces } from '../store/traces.ts';
import { forEachTenant, type Job } from './define.ts';

/** Runs ended in one transaction, during which no call of the tenant is admitted, and batches of one turn at most. */
const batch_max = 200;
const batches_max = 25;

export const end_idle_runs: Job = { name: 'end-idle-runs', every_ms: 5_000, run: forEachTenant(endIdle) };

async function endIdle(govern: Govern, tenant_id: string): Promise<void> {
  for (let n = 0; n < batches_max; n++) if ((await endBatch(govern, tenant_id)) < batch_max) return;
}

/** Ends gateway runs that have been idle for long enough, with their traces and ledger entries, in one transaction. */
function endBatch(govern: Govern, tenant_id: string): Promise<number> {
  const idle_s = govern.config.run_idle_seconds;
  const opened_before = `${id_prefixes.run}_${firstSuffixAt(govern.clock.now() - idle_s * 1000)}`;
  return govern.db.tenant(tenant_id, async (tx) => {
    const ended = await endIdleRuns(tx, idle_s, opened_before, batch_max);
    if (ended.length === 0) return 0;
    const run_ids = ended.map(({ id }) => id);
    // What is asked about more than the run may still be waited for: its caller comes back in another one.
    await closeGateIfAsked(tx, tenant_id, run_ids, 'runs_alone');
    await withdrawQuestions(govern, tx, tenant_id, run_ids, 'runs_alone');
    // Of a reported run more may come to be told: what its steps add up to stays open.
    await completeTraces(
      tx,
      ended.flatMap((run) => (run.mode === 'reported' ? [] : run.id)),
    );
    const occurred_at = instantText(govern.clock.now());
    await appendToLedger(
      tx,
      tenant_id,
      ended.map((run) => entryOf(govern, run, occurred_at)),
    );
    return ended.length;
  });
}

const entryOf = (govern: Govern, run: IdleRun, occurred_at: string) => ({
  id: govern.makeId('event'),
  event: 'RUN_ENDED',
  actor_type: 'system' as const,
  actor_id: 'aos',
  object_type: 'run',
  object_id: run.id,
  api_key_id: run.api_key_id,
  agent_id: run.agent_id,
  project_id: run.project_id,
  run_id: run.id,
  before: { status: 'running' },
  after: { status: run.status, termination_reason: run.termination_reason },
  reason: 'idle',
  request_id: null,
  occurred_at,
});
