import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@aos/core/access/identity.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import type { Deps } from '../base/deps.ts';

export interface Context {
  deps: Deps;
  identity: Identity;
  request_id: string;
  headers: IncomingHttpHeaders;
  /** Of the other end of the connection. */
  address: string;
  /** Says something in a header of the answer. */
  setHeader(name: string, value: string): void;
  /** Of a stream of events: the last one that the caller has, and whether it, or this process, is about to leave. */
  last_event_id: string | null;
  gone: AbortSignal;
}

export type Handler<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer A>
    ? (input: { params: P; query: Q; body: B }, context: Context) => Promise<A>
    : never;

/** One handler per endpoint of a domain: a missing one does not compile. */
export type Handlers<All> = { [Name in keyof All]: Handler<All[Name]> };
