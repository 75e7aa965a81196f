import type { ActiveOverride } from '@aos/core/policies/override.ts';
import type { Tx } from '../base/database.ts';
import type { Page, Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

/** How an exception from a policy ended: null while it has not, and while nobody has marked that its time came. */
export interface Ended {
  ended_at: string | null;
  /** Null: its time had come. */
  ended_by: string | null;
  end_reason: string | null;
}

export interface OverrideRow extends ActiveOverride, Ended {
  policy_id: string;
  reason: string;
  created_at: string;
  created_by: string;
}

const columns =
  'id, policy_id, control_id, subject, amount, factor, reason, created_at, created_by, expires_at, ended_at, ended_by, end_reason';

export async function insertOverride(tx: Tx, tenant_id: string, row: Omit<OverrideRow, keyof Ended>): Promise<void> {
  await tx.query(
    `insert into policy_overrides (tenant_id, id, policy_id, control_id, subject, amount, factor, reason, created_at, created_by, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      tenant_id,
      row.id,
      row.policy_id,
      row.control_id,
      row.subject,
      row.amount,
      row.factor,
      row.reason,
      row.created_at,
      row.created_by,
      row.expires_at,
    ],
  );
}

export async function findOverride(tx: Tx, id: string): Promise<OverrideRow | undefined> {
  const [row] = await tx.query<OverrideRow>(
    `select ${columns} from policy_overrides where tenant_id = current_tenant() and id = $1`,
    [id],
  );
  return row;
}

export function listOverrides(
  tx: Tx,
  of: { policy_id?: string | undefined; in_force_at?: string | undefined },
  page: Page,
): Promise<Slice> {
  const filter = ofTenant().where('policy_id = ?', of.policy_id).where('expires_at > ?', of.in_force_at);
  if (of.in_force_at !== undefined) filter.always('ended_at is null');
  return readNewest(tx, { table: 'policy_overrides', columns, filter }, page);
}

/** Overrides that nobody ended, with the policy each belongs to: what a snapshot holds of them. */
export function openOverrides(tx: Tx): Promise<(ActiveOverride & { policy_id: string })[]> {
  return tx.query(
    `select id, policy_id, control_id, subject, amount, factor, expires_at from policy_overrides
      where tenant_id = current_tenant() and ended_at is null order by id`,
  );
}

/** Undefined: it has ended already. */
export async function endOverride(
  tx: Tx,
  of: { id: string; at: string; by: string; reason: string },
): Promise<OverrideRow | undefined> {
  const [row] = await tx.query<OverrideRow>(
    `update policy_overrides set ended_at = $2, ended_by = $3, end_reason = $4
      where tenant_id = current_tenant() and id = $1 and ended_at is null and expires_at > $2 returning ${columns}`,
    [of.id, of.at, of.by, of.reason],
  );
  return row;
}

/** Marks overrides whose time has come; each is answered to one caller only. */
export function markExpiredOverrides(tx: Tx, at: string): Promise<OverrideRow[]> {
  return tx.query<OverrideRow>(
    `update policy_overrides set ended_at = expires_at, end_reason = 'expired'
      where tenant_id = current_tenant() and ended_at is null and expires_at <= $1 returning ${columns}`,
    [at],
  );
}

/** Whether there are overrides or exemptions whose time has come and that nobody has marked. */
export async function exceptionsDue(tx: Tx, at: string): Promise<boolean> {
  const due = (table: string) =>
    `exists (select from ${table} where tenant_id = current_tenant() and ended_at is null and expires_at <= $1)`;
  const [row] = await tx.query<{ due: boolean }>(
    `select ${due('policy_overrides')} or ${due('policy_exemptions')} as due`,
    [at],
  );
  return row?.due ?? false;
}
