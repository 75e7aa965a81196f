import { loadTokenizer } from '@aos/core/activity/tokens.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Deps } from '../base/deps.ts';
import { failpoint } from '../base/failpoint.ts';
import { createBooks } from './books.ts';
import { createControls } from './control.ts';
import { countSettled } from './count.ts';
import type { Govern } from './govern.ts';
import { createCallsInFlight } from './in-flight.ts';
import { createLater, type Later } from './later.ts';
import { createRegistry } from './registry.ts';
import type { Outcome } from './settle.ts';
import type { Ticket } from './ticket.ts';

const unsettled =
  'The provider was asked, but what came of it could not be written, because the database did not answer. It will be written when the database is back, and charged then.';

/** Makes the rooms a governed call walks through. */
export function openGovern(deps: Deps): { govern: Govern; later: Later } {
  // Loading the vocabulary blocks for 0.2 s and more: now, not while the first stream waits to be read.
  loadTokenizer().catch((error: Error) => deps.log.warn({ error: error.message }, 'the tokenizer could not be loaded'));
  const later = createLater(deps);
  const books = createBooks(deps, later);
  const settleFor = async (ticket: Ticket, outcome: Outcome) => {
    const { tenant_id } = ticket.call.asker;
    const begun_ms = deps.clock.monotonic();
    try {
      failpoint(deps.config.failpoint, 'before_settle');
      await books.settle(tenant_id, outcome);
      failpoint(deps.config.failpoint, 'after_settle');
      countSettled(deps.metrics, ticket, outcome, deps.clock.monotonic() - begun_ms);
    } catch (error) {
      later.settle(tenant_id, outcome);
      deps.log.warn(
        { error, decision_id: ticket.ids.decision_id },
        'a call could not be settled and waits for the database',
      );
      throw new Problem('governance_unavailable', unsettled, { retry_after_s: 2 });
    } finally {
      ticket.in_flight.leave();
    }
  };
  const govern: Govern = {
    ...deps,
    controls: createControls(deps),
    registry: createRegistry(deps),
    books,
    calls: createCallsInFlight(),
    settleFor,
  };
  return { govern, later };
}
