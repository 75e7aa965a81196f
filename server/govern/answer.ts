import { assert } from '@aos/core/base/assert.ts';
import type { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { hasEnded } from '@aos/core/policies/stop.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import { failpoint } from '../base/failpoint.ts';
import { rememberTold } from './alerts.ts';
import { countRefused } from './count.ts';
import { factsOf } from './facts.ts';
import type { Govern } from './govern.ts';
import type { Governed } from './governed.ts';
import { endRunIfDue } from './kill.ts';
import { sendPlain } from './plain.ts';
import { decisionOf, progressOf, refusedStep } from './records.ts';
import type { Outcome } from './settle.ts';
import { sendStream } from './stream.ts';
import type { Ticket } from './ticket.ts';
import { troubleOf } from './trouble.ts';

/** The decision without its effects: nothing is held, sent or recorded. */
export function dryRun(_: Govern, ticket: Ticket): Governed {
  const contributions = ticket.decision.contributions.map(toldToCaller);
  const decision = { ...decisionOf(ticket, ticket.admitted_at_ms), contributions } as unknown as Json;
  return { kind: 'dry_run', decision, facts: factsOf(ticket) };
}

/** Records the refusal with everything that led to it, then answers: what the caller reads can be looked up. */
export async function refuse(govern: Govern, ticket: Ticket): Promise<Governed> {
  const { deciding } = ticket.decision;
  assert(deciding, 'a refusal has a cause');
  const problem = refusalOf(deciding, {
    decision_id: ticket.ids.decision_id,
    run_id: ticket.ids.run_id,
    url: `${govern.config.public_url}/d/${ticket.ids.decision_id}`,
    at_ms: ticket.admitted_at_ms,
  });
  await govern.books.settle(ticket.call.asker.tenant_id, refusedOutcome(govern, ticket, problem));
  rememberTold(ticket.alerts);
  await endRunIfDue(govern, ticket, ticket.decision);
  countRefused(govern.metrics, ticket);
  return { kind: 'refused', problem, facts: factsOf(ticket) };
}

const nothing = {
  hold: null,
  new_run: null,
  step: null,
  record: null,
  progress: null,
  planned: null,
  violations: [],
  incidents: [],
  ledger: [],
  alerts: [],
};

function refusedOutcome(govern: Govern, ticket: Ticket, problem: Problem): Outcome {
  const at_ms = govern.clock.now();
  const { new_run, decision } = ticket;
  // A run that has ended takes no step and no call any more: what is kept is the decision.
  if (hasEnded(decision)) return { ...nothing, decision: { ...decisionOf(ticket, at_ms), step_id: null } };
  return {
    hold: null,
    new_run,
    step: refusedStep(ticket, at_ms, { code: problem.code, message: problem.message }),
    record: null,
    decision: decisionOf(ticket, at_ms),
    progress: progressOf(ticket, at_ms, {
      refused: true,
      usage: null,
      cost_nano: null,
      termination: decision.deciding?.termination ?? 'POLICY_BLOCK',
    }),
    planned: null,
    alerts: ticket.alerts,
    ...troubleOf(govern, ticket, at_ms),
  };
}

/** Sends an admitted call: its holds are taken and marked as dispatched. */
export function send(govern: Govern, ticket: Ticket): Promise<Governed> {
  failpoint(govern.config.failpoint, 'before_send');
  if (ticket.alerts.length > 0) tellAtOnce(govern, ticket);
  return ticket.asked.request.stream ? sendStream(govern, ticket) : sendPlain(govern, ticket);
}

/**
 * What the call has reached by its holds alone is told now and not when a long answer has come. The transaction that
 * settles the call writes it as well, or the one that settles it for a process that died: one of them does.
 */
function tellAtOnce(govern: Govern, { alerts, call: { asker } }: Ticket): void {
  govern.books.settle(asker.tenant_id, { ...nothing, decision: null, alerts }).then(
    () => rememberTold(alerts),
    (error: Error) => govern.log.warn({ error: error.message }, 'alerts are told when their call is settled'),
  );
}
