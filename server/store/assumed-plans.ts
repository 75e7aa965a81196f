import type { Plan } from '@aos/core/activity/plan.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

interface AssumedPlan {
  tenant_id: string;
  id: string;
  project_id: string;
  goal: string;
  plan: Plan;
  created_at: string;
}

/** Keeps a plan that a simulation assumed, and forgets those older than a day, which nobody has come back for. */
export async function insertAssumedPlan(tx: Tx, of: AssumedPlan): Promise<void> {
  await tx.query(
    "delete from assumed_plans where tenant_id = current_tenant() and created_at < clock_timestamp() - interval '1 day'",
  );
  await tx.query(
    'insert into assumed_plans (tenant_id, id, project_id, goal, plan, created_at) values ($1, $2, $3, $4, $5, $6)',
    [of.tenant_id, of.id, of.project_id, of.goal, jsonText(of.plan as unknown as Json), of.created_at],
  );
}

export async function findAssumedPlan(tx: Tx, id: string): Promise<AssumedPlan | undefined> {
  const rows = await tx.query<AssumedPlan>(
    'select tenant_id, id, project_id, goal, plan, created_at from assumed_plans where tenant_id = current_tenant() and id = $1',
    [id],
  );
  return rows[0];
}
