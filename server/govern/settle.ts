import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type DecisionRow, insertDecisions } from '../store/decisions.ts';
import { type NewIncident, openIncidents } from '../store/incidents.ts';
import { appendOpened, appendToLedger } from '../store/ledger.ts';
import { insertRecords, type LlmRunRecordRow } from '../store/llm-run-records.ts';
import { addToRuns, type NewRun, openRuns, type RunProgress } from '../store/runs.ts';
import { insertSteps, type StepRow } from '../store/steps.ts';
import { linkIncidents, type NewTrace, openTraces } from '../store/traces.ts';
import { endHolds, type HoldEnd, postBalances } from '../store/usage.ts';
import { insertViolations, linkViolations } from '../store/violations.ts';
import { type Batcher, createBatcher } from './batch.ts';
import { runPatiently } from './patience.ts';
import { openedEntry, type Trouble } from './trouble.ts';

/** Everything one call leaves behind, written together or not at all. */
export interface Outcome extends Trouble {
  /** Null: nothing was held, the call was refused. */
  hold: HoldEnd | null;
  /** The run a refused call opens; an admitted call opened it at the gate. */
  new_run: NewRun | null;
  new_trace: NewTrace | null;
  step: StepRow;
  record: LlmRunRecordRow | null;
  /** Null: a plain allow, which its record stands for. */
  decision: DecisionRow | null;
  progress: RunProgress;
}

/** Answers whether this caller settled the call; false: its hold had been settled already. */
export type Settler = Batcher<Outcome, boolean>;

const batch_max = 128;

export function createSettler(deps: Deps): Settler {
  return createBatcher<Outcome, boolean>({
    max: batch_max,
    lanes: 1,
    run: (tenant_id, outcomes) => {
      const stop = deps.metrics.settle_seconds.startTimer();
      deps.metrics.batch_size.observe({ kind: 'settle' }, outcomes.length);
      const write = async (some: Outcome[]) => {
        const settled = await writeOutcomes(deps, tenant_id, some);
        return some.map((of) => of.hold === null || settled.has(of.hold.id));
      };
      return runPatiently(outcomes, write).finally(stop);
    },
  });
}

/**
 * One transaction in two flights: first the holds end, which says for which calls this process is the one to write;
 * then follows everything about those calls, the balances last.
 */
export function writeOutcomes(deps: Deps, tenant_id: string, outcomes: readonly Outcome[]): Promise<Set<string>> {
  const held = outcomes.flatMap((of) => of.hold?.id ?? []);
  return deps.db.tenantFlights(
    tenant_id,
    (tx) => endHolds(tx, held),
    async (tx, ended) => {
      const ours = outcomes.filter((of) => of.hold === null || ended.has(of.hold.id));
      await write(deps, tx, tenant_id, ours);
      return ended;
    },
  );
}

async function write(deps: Deps, tx: Tx, tenant_id: string, outcomes: readonly Outcome[]): Promise<void> {
  const all = <T>(part: (of: Outcome) => T | readonly T[] | null): T[] => outcomes.flatMap((of) => part(of) ?? []);
  const violations = all((of) => of.violations);
  const violation_ids = violations.map((of) => of.id);
  const incidents = mergeIncidents(all((of) => of.incidents));
  const runs_with_incidents = incidents.map((of) => of.source_run_id);
  const opened = incidents.map((of) => openedEntry(deps, of));
  await Promise.all([
    openRuns(
      tx,
      all((of) => of.new_run),
    ),
    openTraces(
      tx,
      all((of) => of.new_trace),
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
    insertViolations(tx, violations),
    openIncidents(tx, incidents),
    linkViolations(tx, violation_ids),
    linkIncidents(tx, runs_with_incidents),
    appendToLedger(
      tx,
      tenant_id,
      all((of) => of.ledger),
    ),
    appendOpened(tx, tenant_id, opened),
    addToRuns(
      tx,
      all((of) => of.progress),
    ),
    postBalances(
      tx,
      all((of) => of.hold?.postings ?? null),
    ),
  ]);
}

/** One incident for each run and policy of the batch, in the order in which everybody writes them. */
function mergeIncidents(incidents: readonly NewIncident[]): NewIncident[] {
  const merged = new Map<string, NewIncident>();
  for (const incident of incidents) {
    const key = `${incident.source_run_id} ${incident.violation_policy_id}`;
    const found = merged.get(key);
    if (found)
      merged.set(key, { ...found, occurrences: found.occurrences + 1, last_occurred_at: incident.last_occurred_at });
    else merged.set(key, incident);
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, incident]) => incident);
}
