import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { type Contribution, type Decision, decide } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/**
 * The decision at the moment a stream wants one token more than its holds pay for: of the limit that has no room for it;
 * where all have, the provider has ignored the bound of its caller, and is ended because nothing more was reserved.
 */
export function cutDecision(ticket: Ticket): Decision {
  const lines = ticket.lines.map((line, n) => ({ line, seen: present(ticket.seen[n], 'the balance of a line') }));
  const asked = decide({ rules: [], lines, unmeasurable: [], output_bound: ticket.output_bound + 1 });
  const deciding = asked.deciding && refuses(asked.deciding.verdict) ? asked.deciding : overrun(ticket, asked);
  const others = [...ticket.decision.contributions, ...asked.contributions].filter(
    (of) => of.control_id !== deciding.control_id,
  );
  const contributions = [deciding, ...new Map(others.map((of) => [of.control_id, of])).values()];
  return {
    verdict: deciding.verdict,
    fired: true,
    deciding,
    contributions,
    shadow_verdict: ticket.decision.shadow_verdict,
  };
}

function overrun(ticket: Ticket, asked: Decision): Contribution {
  const counting = new Set(
    ticket.lines.filter((line) => line.cap !== null && line.rate > 0n).map((line) => line.control.id),
  );
  const tightest = present(
    asked.contributions.find((of) => counting.has(of.control_id)),
    'the limit that counts output',
  );
  return {
    ...tightest,
    ...{ fired: true, verdict: 'block', incident: true, code: went_past, reason: pastBound(ticket) },
    ...{ category: 'EXECUTION_FAILURE', severity: 'HIGH', termination: 'SYSTEM_FAILURE' },
  };
}

/** The limit only says what was reserved: it is the provider that did not do as it was told. */
const went_past = 'provider_error';

const pastBound = ({ output_bound }: Ticket) =>
  `the provider went past the ${output_bound} output tokens that were asked for and reserved`;

export function cutProblem(govern: Govern, ticket: Ticket, decision: Decision): Problem {
  const deciding = present(decision.deciding, 'the limit that ended a stream');
  const url = `${govern.config.public_url}/d/${ticket.ids.decision_id}`;
  const { decision_id, run_id } = ticket.ids;
  const refusal = refusalOf(deciding, { decision_id, run_id, url, at_ms: govern.clock.now() });
  if (deciding.code !== went_past) return refusal;
  if (deciding.error_detail === 'minimal') {
    const message = `The stream was ended because the provider went past what was asked for. For whoever may read more: ${url}`;
    return new Problem(went_past, message, refusal.details && { details: refusal.details });
  }
  const policy = `policy "${deciding.policy_name}" (${deciding.policy_id})`;
  const message = `The stream was ended because ${pastBound(ticket)} under ${policy}. Details: ${url}`;
  return new Problem(went_past, message, refusal.details && { details: refusal.details });
}
