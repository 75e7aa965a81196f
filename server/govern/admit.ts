import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type Admission, admit } from '../store/admission.ts';
import type { AdmissionAsk } from '../store/admission-batch.ts';
import type { Posting } from '../store/balance.ts';
import { keepRunsOpen } from '../store/run-places.ts';
import { type NewRun, openRuns } from '../store/runs.ts';
import type { Later } from './later.ts';

/** A call at the gate: what it asks of the books, under which control epoch, and the run it opens. */
export interface AtGate {
  control_epoch: string;
  ask: AdmissionAsk;
  new_run: NewRun | null;
}

/**
 * Calls prepared under different epochs go in separate statements; at most one of them is current. A failed admission
 * is not tried again: the caller gets a 503 within seconds, and a hold that was taken all the same is released. But a
 * call that the books cannot even count is tried apart from its neighbours.
 */
export async function admitAlone(
  deps: Deps,
  later: Later,
  tenant_id: string,
  batch: AtGate[],
): Promise<PromiseSettledResult<Admission>[]> {
  const answers = new Map<AtGate, PromiseSettledResult<Admission>>();
  for (const control_epoch of new Set(batch.map((at) => at.control_epoch))) {
    const same = batch.filter((at) => at.control_epoch === control_epoch);
    const answered = await admitOrSplit(deps, later, tenant_id, control_epoch, same);
    for (const [n, at] of same.entries()) answers.set(at, present(answered[n], 'an admission'));
  }
  return batch.map((at) => present(answers.get(at), 'the answer at the gate'));
}

/** PostgreSQL's numeric_value_out_of_range: one call asks for more than 64 bits hold, and the statement took nothing. */
const out_of_range = '22003';

const uncountable = new Problem(
  'invalid_body',
  'What this call may use is more than can be counted. Lower its bound on output tokens, or how many answers it asks for.',
);

async function admitOrSplit(
  deps: Deps,
  later: Later,
  tenant_id: string,
  control_epoch: string,
  same: AtGate[],
): Promise<PromiseSettledResult<Admission>[]> {
  try {
    const admissions = await admitSame(deps, tenant_id, control_epoch, same);
    return admissions.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    if ((reason as { code?: string }).code === out_of_range) {
      if (same.length === 1) return [{ status: 'rejected', reason: uncountable }];
      const alone = same.map((at) => admitOrSplit(deps, later, tenant_id, control_epoch, [at]));
      return (await Promise.all(alone)).flat();
    }
    for (const at of same) if (at.ask.take) later.release(tenant_id, at.ask.id);
    return same.map(() => ({ status: 'rejected', reason }));
  }
}

/** The runs first and the books last: a hot balance is locked from its admission to the commit and no longer. */
function admitSame(deps: Deps, tenant_id: string, control_epoch: string, same: AtGate[]): Promise<Admission[]> {
  return deps.db.tenantFlight(tenant_id, async (tx) => {
    const [, admissions] = await Promise.all([openCalls(tx, same), admitCalls(deps, tx, control_epoch, same)]);
    return admissions;
  });
}

/** Opens the runs of calls that may be admitted, and keeps those open that may take a place. */
export async function openCalls(tx: Tx, calls: readonly AtGate[]): Promise<void> {
  const taking = calls.filter((at) => at.ask.take);
  const placed = taking.filter(({ ask }) => ask.run_must_exist && ask.lines.some((line) => line.counts_runs));
  await Promise.all([
    keepRunsOpen(
      tx,
      placed.map(({ ask }) => ask.run_id),
    ),
    openRuns(
      tx,
      taking.flatMap((at) => at.new_run ?? []),
    ),
  ]);
}

/** Asks the books for calls that were prepared under one control epoch, after posting what ended calls have used. */
export function admitCalls(
  deps: Deps,
  tx: Tx,
  control_epoch: string,
  calls: readonly AtGate[],
  postings: readonly Posting[] = [],
): Promise<Admission[]> {
  return admit(tx, {
    control_epoch,
    instance_id: deps.instance_id,
    at_ms: deps.clock.now(),
    asks: calls.map((at) => at.ask),
    postings,
  });
}
