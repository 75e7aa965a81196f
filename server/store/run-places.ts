import type { Tx } from '../base/database.ts';

export const no_places: ReadonlySet<string> = new Set();

/** The balances on which a run has its place, by control and subject. */
export async function placesOf(tx: Tx, run_id: string): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ control_id: string; subject: string }>(
    'select control_id, subject from run_places where tenant_id = current_tenant() and run_id = $1',
    [run_id],
  );
  return new Set(rows.map(({ control_id, subject }) => `${control_id} ${subject}`));
}

/**
 * Keeps runs from ending until the transaction is over in which their calls may take their places: whoever ends a run
 * takes its row before, or holds the gate. Nobody who only writes to a run waits for it.
 */
export async function keepRunsOpen(tx: Tx, run_ids: readonly string[]): Promise<void> {
  if (run_ids.length === 0) return;
  await tx.query(
    'select from runs where tenant_id = current_tenant() and id = any ($1) order by id for key share',
    [run_ids],
    'keep_runs_open',
  );
}

/** Gives back the places of runs that have ended, which nobody waits for: an ended run never goes on. Answers how many. */
export async function leaveEndedRuns(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `update run_places p set is_over = true from runs r
      where p.tenant_id = current_tenant() and r.tenant_id = p.tenant_id and r.id = p.run_id
        and r.status not in ('queued', 'running', 'retry') returning p.run_id`,
  );
  return rows.length;
}
