import { firstSuffixAt, id_prefixes } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Govern } from '../govern/govern.ts';
import { appendToLedger } from '../store/ledger.ts';
import { endIdleRuns, type IdleRun } from '../store/runs.ts';
import { completeTraces } from '../store/traces.ts';
import { forEachTenant, type Job } from './define.ts';

const batch_max = 500;

export const end_idle_runs: Job = { name: 'end-idle-runs', every_ms: 5_000, run: forEachTenant(endIdle) };

/** Ends gateway runs that have been idle for long enough, with their traces and ledger entries, in one transaction. */
function endIdle(govern: Govern, tenant_id: string): Promise<number> {
  const idle_s = govern.config.run_idle_seconds;
  const opened_before = `${id_prefixes.run}_${firstSuffixAt(govern.clock.now() - idle_s * 1000)}`;
  return govern.db.tenant(tenant_id, async (tx) => {
    const ended = await endIdleRuns(tx, idle_s, opened_before, batch_max);
    if (ended.length === 0) return 0;
    await completeTraces(
      tx,
      ended.map((run) => run.id),
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
