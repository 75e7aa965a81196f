import { present } from '@aos/core/base/assert.ts';
import type { Problem } from '@aos/core/base/error.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { by_person } from '@aos/core/policies/stop.ts';
import type { Went } from './ending.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/** The decision that ended a call in flight, together with what had been decided about it before; null: nothing did. */
export function decisionThatStopped({ in_flight, decision }: Ticket): Decision | null {
  const { ended_by } = in_flight;
  if (ended_by === null) return null;
  const ours = new Set(ended_by.contributions.map((of) => of.control_id));
  const before = decision.fired ? decision.contributions.filter((of) => !ours.has(of.control_id)) : [];
  return {
    verdict: ended_by.verdict,
    fired: true,
    deciding: ended_by.deciding,
    shadow_verdict: decision.shadow_verdict,
    contributions: [...ended_by.contributions, ...before],
  };
}

/** What the caller is told, and how the call stands in its records. `is_charged`: as if it had been answered. */
export function stoppedProblem(govern: Govern, ticket: Ticket, decision: Decision, is_charged = false): Problem {
  return refusalOf(present(decision.deciding, 'what stopped a call'), {
    decision_id: ticket.ids.decision_id,
    run_id: ticket.ids.run_id,
    url: `${govern.config.public_url}/d/${ticket.ids.decision_id}`,
    at_ms: govern.clock.now(),
    is_charged,
  });
}

export function stoppedEnding(
  problem: Problem,
  { deciding }: Decision,
): Pick<Went, 'status' | 'error' | 'termination' | 'incidents'> {
  const { type, termination } = present(deciding, 'what stopped a call');
  return {
    status: type === by_person ? 'cancelled' : 'cut',
    error: { code: problem.code, message: problem.message },
    termination,
    incidents: [],
  };
}
