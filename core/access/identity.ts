import type { Role } from './permission.ts';

/** Who a request comes from, as its credential says. */
export interface Identity {
  tenant_id: string;
  /** Null: a key of the whole tenant. */
  project_id: string | null;
  api_key: { id: string; lineage_id: string };
  role: Role;
  /** Agents and actors the key is bound to; empty: unbound, headers are claims. */
  agent_ids: readonly string[];
  actor_ids: readonly string[];
  /** The tenant is the first one of this installation. */
  of_installation: boolean;
  /** The key is that of a person, who signed in. */
  is_human?: boolean;
}
