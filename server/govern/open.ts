import { Problem } from '@aos/core/base/error.ts';
import type { Deps } from '../base/deps.ts';
import { failpoint } from '../base/failpoint.ts';
import { loadTokenizer } from '../base/tokenizer.ts';
import { createBooks } from './books.ts';
import { createControls } from './control.ts';
import { countSettled } from './count.ts';
import type { Govern } from './govern.ts';
import { createCallsInFlight } from './in-flight.ts';
import { type Later, openLater } from './later.ts';
import { letGo } from './let-go.ts';
import { createRegistry } from './registry.ts';
import type { Outcome } from './settle.ts';
import type { Ticket } from './ticket.ts';
import { createWaitingRoom } from './waiting.ts';

const unsettled =
  'The provider was asked, but what came of it could not be written, because the database did not answer. It will be written when the database is back, and charged then.';

const ended_before =
  'the hold of a call had been ended before it was settled: by a try whose answer was lost, or by a process that took this one for dead';

/** Makes the rooms a governed call walks through. */
export function openGovern(deps: Deps): { govern: Govern; later: Later } {
  // Reading the vocabulary blocks for 0.1 s and more: now, not while the first stream waits to be read.
  loadTokenizer().catch((error: Error) => deps.log.warn({ error: error.message }, 'the tokenizer could not be loaded'));
  const later = openLater(deps);
  const books = createBooks(deps, later);
  const waiting = createWaitingRoom(() => deps.clock.monotonic());
  const settle = async (tenant_id: string, outcome: Outcome, onLate: (written: Promise<void>) => Promise<void>) => {
    try {
      failpoint(deps.config.failpoint, 'before_settle');
      const settled = await books.settle(tenant_id, outcome);
      if (!settled) deps.log.warn({ hold_id: outcome.hold?.id }, ended_before);
      failpoint(deps.config.failpoint, 'after_settle');
      deps.metrics.open_holds.dec();
    } catch (error) {
      const hold_id = outcome.hold?.id;
      deps.log.warn({ error, hold_id }, 'a call could not be settled and waits for the database');
      const written = later.settle(tenant_id, outcome);
      written.then(() => deps.metrics.open_holds.dec());
      await onLate(written);
    }
  };
  // A run has nobody who waits for the answer: it goes on when that is written, and never does it twice.
  const settleStep = (tenant_id: string, outcome: Outcome) => settle(tenant_id, outcome, (written) => written);
  const refuseLate = async () => {
    throw new Problem('governance_unavailable', unsettled, { retry_after_s: 2 });
  };
  const settleFor = async (ticket: Ticket, outcome: Outcome) => {
    const { tenant_id } = ticket.call.asker;
    const begun_ms = deps.clock.monotonic();
    try {
      await (ticket.asked.planned ? settleStep(tenant_id, outcome) : settle(tenant_id, outcome, refuseLate));
      countSettled(deps.metrics, ticket, outcome, deps.clock.monotonic() - begun_ms);
    } finally {
      ticket.in_flight.leave();
      waiting.wake(tenant_id);
    }
  };
  const govern: Govern = {
    ...deps,
    controls: createControls(deps),
    registry: createRegistry(deps),
    books,
    calls: createCallsInFlight(),
    waiting,
    settleFor,
    settleStep,
    letGo: (held) => {
      letGo(deps, later, held);
      waiting.wake(held.tenant_id);
    },
  };
  return { govern, later };
}
