import type { Deps } from '../base/deps.ts';
import type { Books } from './books.ts';
import type { Controls } from './control.ts';
import type { CallsInFlight } from './in-flight.ts';
import type { Held } from './let-go.ts';
import type { Registry } from './registry.ts';
import type { Outcome } from './settle.ts';
import type { Ticket } from './ticket.ts';
import type { WaitingRoom } from './waiting.ts';

/** The rooms that a governed call walks through, made once for the process. */
export interface Govern extends Deps {
  controls: Controls;
  registry: Registry;
  books: Books;
  calls: CallsInFlight;
  waiting: WaitingRoom;
  /** Settles a call, waiting while the database is away for a few seconds; then the call fails and settling goes on. */
  settleFor(ticket: Ticket, outcome: Outcome): Promise<void>;
  /** Settles a step of a run, however long it takes until the database is there. */
  settleStep(tenant_id: string, outcome: Outcome): Promise<void>;
  /** Ends what a call holds that cannot go on, because something was thrown that nobody expected. */
  letGo(held: Held): void;
}
