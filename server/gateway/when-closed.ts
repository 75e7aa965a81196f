import type { ServerResponse } from 'node:http';

/** Calls `then` when the connection of an answer has closed: at once when its caller left before anybody listened. */
export function whenClosed(raw: ServerResponse, then: () => void): void {
  if (raw.destroyed) then();
  else raw.once('close', then);
}
