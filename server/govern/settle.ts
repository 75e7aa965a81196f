import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import type { Posting } from '../store/balance.ts';
import { type DecisionRow, insertDecisions, isNewDecision } from '../store/decisions.ts';
import { appendToLedger } from '../store/ledger.ts';
import { insertRecords, type LlmRunRecordRow } from '../store/llm-run-records.ts';
import { addToPlans, type PlanResult } from '../store/managed-runs.ts';
import type { RunProgress } from '../store/run-progress.ts';
import { addToRuns, type NewRun, openRuns } from '../store/runs.ts';
import { insertSteps, type StepRow } from '../store/steps.ts';
import { linkIncidents } from '../store/traces.ts';
import { endAllHolds, endHolds, type HoldEnd, not_all_ended, postBalances } from '../store/usage.ts';
import { insertViolations } from '../store/violations.ts';
import { type DueAlert, writeAlerts } from './alerts.ts';
import { telemetryOf } from './telemetry.ts';
import type { Trouble } from './trouble.ts';
import { writeIncidents } from './write-incidents.ts';

/** Everything one call leaves behind, written together or not at all. */
export interface Outcome extends Trouble {
  /** Null: nothing was held, the call was refused. */
  hold: HoldEnd | null;
  /** The run a refused call opens; an admitted call opened it at the gate. */
  new_run: NewRun | null;
  /** Null: none, or the record stands for it. Null with `progress`: the run had ended before the call came. */
  step: StepRow | null;
  record: LlmRunRecordRow | null;
  /** Null: a plain allow, which its record stands for. */
  decision: DecisionRow | null;
  progress: RunProgress | null;
  /** What the call gives to the plan of its run; null: it belongs to none. */
  planned: PlanResult | null;
  /** Tiers of limits that the call reached. */
  alerts: readonly DueAlert[];
}

export const heldBy = (outcomes: readonly Outcome[]): string[] => outcomes.flatMap((of) => of.hold?.id ?? []);

/** Each outcome answers whether this caller settled it; all fail together. */
export async function writeAlone(
  deps: Deps,
  tenant_id: string,
  outcomes: readonly Outcome[],
): Promise<PromiseSettledResult<boolean>[]> {
  try {
    const settled = await writeOutcomes(deps, tenant_id, outcomes);
    return outcomes.map((of) => ({ status: 'fulfilled', value: of.hold === null || settled.has(of.hold.id) }));
  } catch (reason) {
    return outcomes.map(() => ({ status: 'rejected', reason }));
  }
}

/**
 * Writes what calls left behind, and answers whose holds were ended by it: the others had been settled by somebody else,
 * and nothing is written about them again.
 */
export async function writeOutcomes(deps: Deps, tenant_id: string, outcomes: readonly Outcome[]): Promise<Set<string>> {
  if (outcomes.length === 0) return new Set();
  const held = heldBy(outcomes);
  try {
    await deps.db.tenantFlight(tenant_id, (tx) =>
      Promise.all([
        endAllHolds(tx, held),
        writeAll(deps, tx, tenant_id, outcomes),
        postBalances(tx, postingsOf(outcomes)),
      ]),
    );
    tell(deps, tenant_id, outcomes);
    return new Set(held);
  } catch (error) {
    if ((error as { code?: string }).code !== not_all_ended) throw error;
    return writeOpenOnes(deps, tenant_id, outcomes);
  }
}

/**
 * Tries again what may have taken effect although nobody heard of it; answers as `settle` of the books. A hold says so
 * by being gone, and a refusal, which has none, by its decision.
 */
export async function writeAgain(deps: Deps, tenant_id: string, outcome: Outcome): Promise<boolean> {
  const { hold, decision } = outcome;
  if (hold !== null || decision === null) {
    const settled = await writeOutcomes(deps, tenant_id, [outcome]);
    return hold === null || settled.has(hold.id);
  }
  return deps.db.tenantFlights(
    tenant_id,
    (tx) => isNewDecision(tx, decision),
    async (tx, is_new) => {
      if (is_new) await writeAll(deps, tx, tenant_id, [outcome]);
      return true;
    },
  );
}

/** In two flights: first the holds end, which says for which calls this process is the one to write. */
function writeOpenOnes(deps: Deps, tenant_id: string, outcomes: readonly Outcome[]): Promise<Set<string>> {
  return deps.db.tenantFlights(
    tenant_id,
    (tx) => endHolds(tx, heldBy(outcomes)),
    async (tx, ended) => {
      const ours = outcomes.filter((of) => of.hold === null || ended.has(of.hold.id));
      await Promise.all([writeAll(deps, tx, tenant_id, ours), postBalances(tx, postingsOf(ours))]);
      tell(deps, tenant_id, ours);
      return ended;
    },
  );
}

/** Whoever is told of what ran hears of these steps; it reads them for itself, when they are there. */
export function tell(deps: Deps, tenant_id: string, outcomes: readonly Outcome[]): void {
  const telemetry = telemetryOf(deps);
  if (!telemetry) return;
  for (const { step, record } of outcomes) {
    const step_id = step?.id ?? record?.step_id;
    const run_id = step?.run_id ?? record?.run_id;
    if (step_id !== undefined && run_id !== undefined) telemetry.note(tenant_id, step_id, run_id);
  }
}

/** What calls that ended give back and have used, of the balances they held. */
export const postingsOf = (outcomes: readonly Outcome[]): Posting[] =>
  outcomes.flatMap((of) => of.hold?.postings ?? []);

/** Everything about the calls but their balances; their runs first, as everybody does who writes of a run. */
export async function writeAll(deps: Deps, tx: Tx, tenant_id: string, outcomes: readonly Outcome[]): Promise<void> {
  const all = <T>(part: (of: Outcome) => T | readonly T[] | null): T[] => outcomes.flatMap((of) => part(of) ?? []);
  const incidents = all((of) => of.incidents);
  await Promise.all([
    openRuns(
      tx,
      all((of) => of.new_run),
    ),
    addToRuns(
      tx,
      all((of) => of.progress),
    ),
    addToPlans(
      tx,
      all((of) => of.planned),
    ),
    insertSteps(
      tx,
      all((of) => of.step),
    ),
    insertRecords(
      tx,
      all((of) => of.record),
    ),
    insertDecisions(
      tx,
      all((of) => of.decision),
    ),
    writeIncidents(deps, tx, tenant_id, incidents),
    insertViolations(
      tx,
      all((of) => of.violations),
    ),
    linkIncidents(
      tx,
      incidents.map((of) => of.source_run_id),
    ),
    appendToLedger(
      tx,
      tenant_id,
      all((of) => of.ledger),
    ),
    writeAlerts(
      tx,
      tenant_id,
      all((of) => of.alerts),
    ),
  ]);
}
