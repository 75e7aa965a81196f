import type { LimitOf } from '@aos/core/policies/limits/define.ts';
import type { Tx } from '../base/database.ts';

/** The limits that controls of the current tenant have or ever had, each form of them. */
export function limitsEver(tx: Tx): Promise<{ control_id: string; limit: LimitOf }[]> {
  return tx.query(
    `select distinct c.control ->> 'id' as control_id, c.control -> 'limit' as limit
      from policy_versions v, jsonb_array_elements(v.document -> 'controls') c(control)
      where v.tenant_id = current_tenant() and c.control ? 'limit'`,
  );
}
