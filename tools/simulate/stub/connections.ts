import type { ServerResponse } from 'node:http';

/** One request as the provider's network card saw it. Instants: milliseconds since 1970, with fractions. */
export interface LogEntry {
  id: string;
  path: string;
  /** Of the request's directive; null before the request is read, and when it has none. */
  label: string | null;
  started_at: number;
  /** The status line was written. */
  first_byte_at: number | null;
  closed_at: number | null;
  /** `server`: the answer was written to its end, or the server broke it off. */
  closed_by: 'client' | 'server' | null;
}

/** A request as it arrived, for tests of what a gateway sends. */
export interface Received {
  id: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Connection {
  readonly entry: LogEntry;
  markFirstByte(): void;
  closedBy(who: 'server'): void;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Starts the log entry of a request; it is complete when the answer is through or the socket is gone. */
export function watchConnection(res: ServerResponse, id: string, path: string): Connection {
  const entry: LogEntry = {
    id,
    path,
    label: null,
    started_at: now(),
    first_byte_at: null,
    closed_at: null,
    closed_by: null,
  };
  res.once('close', () => {
    entry.closed_at = now();
    entry.closed_by ??= res.writableFinished ? 'server' : 'client';
  });
  return {
    entry,
    markFirstByte: () => {
      entry.first_byte_at = now();
    },
    closedBy: (who) => {
      entry.closed_by = who;
    },
  };
}
