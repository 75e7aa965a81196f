import type { Identity } from '@aos/core/access/identity.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import type { Deps } from '../base/deps.ts';

export interface Context {
  deps: Deps;
  identity: Identity;
  request_id: string;
}

export type Handler<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer A>
    ? (input: { params: P; query: Q; body: B }, context: Context) => Promise<A>
    : never;

/** One handler per endpoint of a domain: a missing one does not compile. */
export type Handlers<All> = { [Name in keyof All]: Handler<All[Name]> };
