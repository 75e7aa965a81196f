import type { Category, Severity, TerminationReason } from '../activity/run.ts';
import type { ProblemCode } from '../base/error.ts';

/** How a control that refuses a call shows itself: on the wire, in the incident, in the run's end. */
export interface Refusal {
  code: ProblemCode;
  category: Category;
  severity: Severity;
  termination: TerminationReason;
}
