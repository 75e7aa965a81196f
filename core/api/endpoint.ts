import { z } from 'zod';
import type { Permission } from '../access/permission.ts';

/**
 * One endpoint of the control plane as data: what parses its request, what its answer looks like, who may call it.
 * Routes, OpenAPI and the tests of 400, 401, 403 and 404 are made from it.
 */
export interface Endpoint<P = unknown, Q = unknown, B = unknown, A = unknown> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with parameters as `:name`, for example `/api/v1/policies/:id`. */
  path: string;
  summary: string;
  /** `public`: no key needed. */
  permission: Permission | 'public';
  params: z.ZodType<P>;
  query: z.ZodType<Q>;
  body: z.ZodType<B>;
  answer: z.ZodType<A>;
  status: 200 | 201 | 202;
}

/** What a caller must not send: unknown members are refused, so a misspelled one is never ignored. */
const nothing = z.strictObject({});

type Written<P, Q, B, A> = Pick<Endpoint<P, Q, B, A>, 'method' | 'path' | 'summary' | 'permission' | 'answer'> &
  Partial<Pick<Endpoint<P, Q, B, A>, 'params' | 'query' | 'body' | 'status'>>;

type Nothing = z.infer<typeof nothing>;

/** Fills in what most endpoints leave out: no parameters, no query, no body, status 200. */
export function endpoint<P = Nothing, Q = Nothing, B = Nothing, A = unknown>(
  of: Written<P, Q, B, A>,
): Endpoint<P, Q, B, A> {
  const none = nothing as unknown as z.ZodType<never>;
  return { params: none, query: none, body: none, status: 200, ...of };
}

/** The endpoints of a domain by name; its handlers must have the same names. */
export type Endpoints = Record<string, Endpoint>;
