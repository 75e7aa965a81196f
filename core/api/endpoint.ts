import { z } from 'zod';
import type { Permission } from '../access/permission.ts';

/**
 * One endpoint of the control plane as data: what parses its request, what its answer looks like, who may call it.
 * Routes, OpenAPI, the calls of the SDK and the tests of 400, 401, 403 and 404 are made from it. `SentQ` and `SentB`
 * are query and body as a caller writes them, before defaults are filled in.
 */
export interface Endpoint<P = unknown, Q = unknown, B = unknown, A = unknown, SentQ = unknown, SentB = unknown> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with parameters as `:name`, for example `/api/v1/policies/:id`. */
  path: string;
  summary: string;
  /** `public`: no key needed. */
  permission: Permission | 'public';
  params: z.ZodType<P>;
  query: z.ZodType<Q, SentQ>;
  body: z.ZodType<B, SentB>;
  answer: z.ZodType<A>;
  status: 200 | 201 | 202;
  /** Whether what was asked for is still being done when it is answered: then the status is 202. */
  goesOn?(answer: A): boolean;
  /** Present: the answer is a stream of server-sent events, and this is the data of each. */
  events?: z.ZodType;
}

/** One event as its handler gives it; `position` is what a caller who comes back names as the last one. */
export interface StreamEvent {
  data: { type: string };
  position: string | null;
}

/** What a caller must not send: unknown members are refused, so a misspelled one is never ignored. */
const nothing = z.strictObject({});

type Written<All extends Endpoint> = Pick<All, 'method' | 'path' | 'summary' | 'permission' | 'answer'> &
  Partial<Pick<All, 'params' | 'query' | 'body' | 'status' | 'goesOn' | 'events'>>;

type Nothing = z.infer<typeof nothing>;

/** Fills in what most endpoints leave out: no parameters, no query, no body, status 200. */
export function endpoint<P = Nothing, Q = Nothing, B = Nothing, A = unknown, SentQ = Nothing, SentB = Nothing>(
  of: Written<Endpoint<P, Q, B, A, SentQ, SentB>>,
): Endpoint<P, Q, B, A, SentQ, SentB> {
  const none = nothing as unknown as z.ZodType<never, never>;
  return { params: none, query: none, body: none, status: 200, ...of };
}

/** An endpoint that answers with events until they are over or the caller leaves. */
export const eventStream = <P = Nothing>(
  of: Pick<Endpoint<P>, 'path' | 'summary' | 'permission'> & { params?: z.ZodType<P>; events: z.ZodType },
): Endpoint<P, Nothing, Nothing, AsyncIterable<StreamEvent>, Nothing, Nothing> =>
  endpoint<P, Nothing, Nothing, AsyncIterable<StreamEvent>>({
    method: 'GET',
    answer: z.custom<AsyncIterable<StreamEvent>>(),
    ...of,
  });

/** The endpoints of a domain by name; its handlers must have the same names. */
export type Endpoints = Record<string, Endpoint>;
