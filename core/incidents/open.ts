import type { Category, Severity } from '../activity/run.ts';
import { no_policy } from '../base/id.ts';
import type { Contribution, Decision } from '../policies/decide.ts';
import { by_person } from '../policies/stop.ts';

/** An incident to be opened, once for each run and policy. */
export interface IncidentDraft {
  policy_id: string;
  category: Category;
  severity: Severity;
  title: string;
}

/** The violations a decision stands for: every control that fired, shadow ones included. What a person stopped violated none. */
export const violationsOf = (decision: Decision): Contribution[] =>
  decision.contributions.filter((of) => of.fired && of.type !== by_person);

const done_words: Partial<Record<Contribution['verdict'], string>> = {
  pause: 'paused a call',
  block: 'blocked a call',
  kill: 'killed the run',
};

/** The incidents a decision opens: one for each enforced policy with a control that fired and asks for one. */
export function incidentsOf(decision: Decision): IncidentDraft[] {
  const drafts = new Map<string, IncidentDraft>();
  for (const of of decision.contributions) {
    if (!of.fired || !of.incident || of.mode !== 'enforce' || drafts.has(of.policy_id)) continue;
    drafts.set(of.policy_id, {
      policy_id: of.policy_id,
      category: of.category,
      severity: of.severity,
      title: `Policy "${of.policy_name}" ${done_words[of.verdict] ?? 'was violated'}: ${of.reason}`,
    });
  }
  return [...drafts.values()];
}

/** A call that failed without a policy having a part in it. */
export const failureIncident = (message: string): IncidentDraft => ({
  policy_id: no_policy,
  category: 'EXECUTION_FAILURE',
  severity: 'HIGH',
  title: `A call failed: ${message}`,
});

/** A call used more than was reserved for it, so a balance may stand above its cap: posted as it is, never hidden. */
export const overReport = (of: {
  policy_id: string;
  policy_name: string;
  held: string;
  posted: string;
  unit: string;
}): IncidentDraft => ({
  policy_id: of.policy_id,
  category: 'BUDGET_EXCEEDED',
  severity: 'HIGH',
  title: `Policy "${of.policy_name}": a call used ${of.posted} ${of.unit} where ${of.held} were reserved`,
});
