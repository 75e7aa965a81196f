import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Deps } from '../base/deps.ts';
import { type NewRun, openRuns } from '../store/runs.ts';
import { type NewTrace, openTraces } from '../store/traces.ts';
import { type Admission, type AdmissionAsk, admit } from '../store/usage.ts';
import { type Batcher, createBatcher } from './batch.ts';
import type { Later } from './later.ts';

/** A call at the gate: what it asks of the books, under which control epoch, and the run it opens. */
export interface AtGate {
  control_epoch: string;
  ask: AdmissionAsk;
  new_run: NewRun | null;
  new_trace: NewTrace | null;
}

export type Admitter = Batcher<AtGate, Admission>;

/** Most calls admitted by one transaction: beyond it, the wait for the batch outweighs the shared commit. */
const batch_max = 128;

/** Admits the calls of a tenant in batches: one round trip and one commit for all that came together. */
export function createAdmitter(deps: Deps, later: Later): Admitter {
  return createBatcher<AtGate, Admission>({
    max: batch_max,
    lanes: 1,
    run: (tenant_id, batch) => admitBatch(deps, later, tenant_id, batch),
  });
}

/**
 * Calls prepared under different epochs go in separate statements; at most one of them is current. A failed admission
 * is not tried again: the caller gets a 503 within seconds, and a hold that was taken all the same is released. But a
 * call that the books cannot even count is tried apart from its neighbours.
 */
async function admitBatch(
  deps: Deps,
  later: Later,
  tenant_id: string,
  batch: AtGate[],
): Promise<PromiseSettledResult<Admission>[]> {
  const stop = deps.metrics.admission_seconds.startTimer();
  deps.metrics.batch_size.observe({ kind: 'admission' }, batch.length);
  const answers = new Map<AtGate, PromiseSettledResult<Admission>>();
  for (const control_epoch of new Set(batch.map((at) => at.control_epoch))) {
    const same = batch.filter((at) => at.control_epoch === control_epoch);
    const answered = await admitOrSplit(deps, later, tenant_id, control_epoch, same);
    for (const [n, at] of same.entries()) answers.set(at, present(answered[n], 'an admission'));
  }
  stop();
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
    const taking = same.filter((at) => at.ask.take);
    const [, , admissions] = await Promise.all([
      openRuns(
        tx,
        taking.flatMap((at) => at.new_run ?? []),
      ),
      openTraces(
        tx,
        taking.flatMap((at) => at.new_trace ?? []),
      ),
      admit(tx, {
        control_epoch,
        instance_id: deps.instance_id,
        at_ms: deps.clock.now(),
        asks: same.map((at) => at.ask),
      }),
    ]);
    return admissions;
  });
}
