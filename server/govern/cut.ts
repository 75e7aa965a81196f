import { present } from '@aos/core/base/assert.ts';
import type { Problem } from '@aos/core/base/error.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { type Contribution, type Decision, decide } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/**
 * The decision at the moment a stream wants one token more than its holds pay for. Usually a limit has no room for it;
 * a provider that ignored the caller's own bound is ended too, because nothing more was reserved.
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
  const reason = `the provider went past the ${ticket.output_bound} output tokens that were asked for and reserved`;
  return { ...tightest, fired: true, verdict: 'block', incident: true, reason };
}

export function cutProblem(govern: Govern, ticket: Ticket, decision: Decision): Problem {
  return refusalOf(present(decision.deciding, 'the limit that ended a stream'), {
    decision_id: ticket.ids.decision_id,
    run_id: ticket.ids.run_id,
    url: `${govern.config.public_url}/d/${ticket.ids.decision_id}`,
    at_ms: govern.clock.now(),
  });
}
