import type { ActiveExemption } from '@aos/core/policies/exemption.ts';
import type { Tx } from '../base/database.ts';
import type { Page, Slice } from './list.ts';
import type { Ended } from './overrides.ts';
import { ofTenant, readNewest } from './plain-list.ts';

export interface ExemptionRow extends ActiveExemption, Ended {
  policy_id: string;
  reason: string;
  created_at: string;
  created_by: string;
}

const columns =
  'id, policy_id, kind, target_id, reason, created_at, created_by, expires_at, ended_at, ended_by, end_reason';

export async function insertExemption(tx: Tx, tenant_id: string, row: Omit<ExemptionRow, keyof Ended>): Promise<void> {
  const { id, policy_id, kind, target_id, reason, created_at, created_by, expires_at } = row;
  await tx.query(
    `insert into policy_exemptions (tenant_id, id, policy_id, kind, target_id, reason, created_at, created_by, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [tenant_id, id, policy_id, kind, target_id, reason, created_at, created_by, expires_at],
  );
}

export async function findExemption(tx: Tx, id: string): Promise<ExemptionRow | undefined> {
  const [row] = await tx.query<ExemptionRow>(
    `select ${columns} from policy_exemptions where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return row;
}

export function listExemptions(
  tx: Tx,
  of: { policy_id?: string | undefined; in_force_at?: string | undefined },
  page: Page,
): Promise<Slice> {
  const filter = ofTenant().where('policy_id = ?', of.policy_id).where('expires_at > ?', of.in_force_at);
  if (of.in_force_at !== undefined) filter.always('ended_at is null');
  return readNewest(tx, { table: 'policy_exemptions', columns, filter }, page);
}

/** Exemptions that nobody ended, with the policy each belongs to: what a snapshot holds of them. */
export function openExemptions(tx: Tx): Promise<(ActiveExemption & { policy_id: string })[]> {
  return tx.query(
    `select id, policy_id, kind, target_id, expires_at from policy_exemptions
      where tenant_id = current_tenant() and ended_at is null order by id`,
  );
}

/** Undefined: it has ended already. */
export async function endExemption(
  tx: Tx,
  of: { id: string; at: string; by: string; reason: string },
): Promise<ExemptionRow | undefined> {
  const [row] = await tx.query<ExemptionRow>(
    `update policy_exemptions set ended_at = $2, ended_by = $3, end_reason = $4
      where tenant_id = current_tenant() and id = $1 and ended_at is null and expires_at > $2 returning ${columns}`,
    [of.id, of.at, of.by, of.reason],
  );
  return row;
}

/** Marks exemptions whose time has come; each is answered to one caller only. */
export function markExpiredExemptions(tx: Tx, at: string): Promise<ExemptionRow[]> {
  return tx.query<ExemptionRow>(
    `update policy_exemptions set ended_at = expires_at, end_reason = 'expired'
      where tenant_id = current_tenant() and ended_at is null and expires_at <= $1 returning ${columns}`,
    [at],
  );
}
