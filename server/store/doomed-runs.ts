import { no_policy } from '@aos/core/base/id.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import type { Tx } from '../base/database.ts';

/** A run that is open although a policy in force has decided that it ends, and what decided it. */
export interface DoomedRun {
  run_id: string;
  by: Contribution;
}

/** Those whose decision has an id from `from_id` on and is older than `decided_s`, which whoever decided needs to end it. */
export function doomedRuns(tx: Tx, from_id: string, decided_s: number, limit: number): Promise<DoomedRun[]> {
  return tx.query<DoomedRun>(
    `select distinct on (d.run_id) d.run_id, c as by
      from decisions d
        join runs r on r.tenant_id = d.tenant_id and r.id = d.run_id and r.status in ('queued', 'running', 'retry')
        cross join jsonb_array_elements(d.contributions) c
      where d.tenant_id = current_tenant() and d.id >= $1 and (d.verdict = 'kill' or d.code = 'run_terminated')
        and d.policy_id <> '${no_policy}' and d.decided_at < clock_timestamp() - make_interval(secs => $2)
        and c ->> 'control_id' = d.control_id and c ->> 'fired' = 'true' and c ->> 'mode' = 'enforce'
      order by d.run_id, d.id limit $3`,
    [from_id, decided_s, limit],
  );
}
