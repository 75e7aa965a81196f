import type { Role } from '@aos/core/access/permission.ts';
import type { Asker } from '@aos/core/activity/call.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import type { Deps } from '../base/deps.ts';

/** Who a request comes from, as its credential says. */
export interface Identity {
  tenant_id: string;
  /** Null: a key of the whole tenant. */
  project_id: string | null;
  api_key: Asker['api_key'];
  role: Role;
  /** Agents and actors the key is bound to; empty: unbound, headers are claims. */
  agent_ids: readonly string[];
  actor_ids: readonly string[];
  /** The tenant is the first one of this installation. */
  of_installation: boolean;
}

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
