import { present } from '@aos/core/base/assert.ts';
import type { Problem } from '@aos/core/base/error.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { stopDecision } from '@aos/core/policies/stop.ts';
import type { Went } from './ending.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/** The decision that ended a call in flight, together with what had been decided about it before; null: nothing did. */
export function decisionThatStopped({ in_flight, decision }: Ticket): Decision | null {
  if (in_flight.stop === null) return null;
  const stopped = stopDecision(in_flight.stop);
  return {
    ...stopped,
    shadow_verdict: decision.shadow_verdict,
    contributions: [...stopped.contributions, ...(decision.fired ? decision.contributions : [])],
  };
}

/** What the caller is told, and how the call stands in its records. */
export function stoppedProblem(govern: Govern, ticket: Ticket, decision: Decision): Problem {
  return refusalOf(present(decision.deciding, 'what stopped a call'), {
    decision_id: ticket.ids.decision_id,
    run_id: ticket.ids.run_id,
    url: `${govern.config.public_url}/d/${ticket.ids.decision_id}`,
    at_ms: govern.clock.now(),
  });
}

export const stoppedEnding = (problem: Problem): Pick<Went, 'status' | 'error' | 'termination' | 'incidents'> => ({
  status: 'cancelled',
  error: { code: problem.code, message: problem.message },
  termination: 'USER_ABORT',
  incidents: [],
});
