import { instantText } from '@aos/core/base/time.ts';
import type { Deps } from '../base/deps.ts';
import { insertSystemRecord } from '../store/system-records.ts';
import { type Outcome, writeOutcomes } from './settle.ts';

/** SQLSTATE of what the database does not take however often it is asked: a value it has no form for, or beyond its limits. */
const untakable = /^(?:22|54)...$/;

/**
 * Writes what a call left behind. Where the database would never take it, its hold ends and its run and balances count
 * it, which are numbers alone; that the rest of it is lost is an entry of the log and of the system log.
 */
export async function writeOutcomeOrLeast(deps: Deps, tenant_id: string, outcome: Outcome): Promise<void> {
  try {
    await writeOutcomes(deps, tenant_id, [outcome]);
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    if (!untakable.test(code)) throw error;
    await writeOutcomes(deps, tenant_id, [leastOf(outcome)]);
    const details = { decision_id: outcome.hold?.id ?? null, run_id: outcome.progress?.run_id ?? null, code, message };
    deps.log.error(details, 'the database does not take the record of a call: it is settled without one');
    await tellLoss(deps, tenant_id, details);
  }
}

const leastOf = ({ hold, progress }: Outcome): Outcome => ({
  ...{ hold, progress, new_run: null, step: null, record: null, decision: null, planned: null },
  ...{ violations: [], incidents: [], ledger: [], alerts: [] },
});

const tellLoss = (deps: Deps, tenant_id: string, details: Record<string, string | null>): Promise<void> =>
  deps.db.tenant(tenant_id, (tx) =>
    insertSystemRecord(tx, {
      tenant_id,
      id: deps.makeId('event'),
      component: 'DB',
      event_type: 'ERROR',
      severity: 'CRITICAL',
      summary: 'a call was settled without its record, which the database does not take',
      details,
      caused_by: 'SYSTEM',
      correlation_id: deps.instance_id,
      occurred_at: instantText(deps.clock.now()),
    }),
  );
