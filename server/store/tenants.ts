import { installation_slug, type Tenant } from '@aos/core/access/tenant.ts';
import { assert } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import { tenant_id_shape } from './db.ts';
import { Filter, type Slice } from './list.ts';
import { readNewest } from './plain-list.ts';

export type TenantRow = Omit<Tenant, 'url'>;

const columns = 'id, slug, name, created_at';

/** From here on the transaction sees and writes the rows of this tenant. For those who act on several: boot, owners. */
export async function enterTenant(tx: Tx, tenant_id: string): Promise<void> {
  assert(tenant_id_shape.test(tenant_id), 'a transaction needs a well-formed tenant id');
  await tx.query("select set_config('app.tenant_id', $1, true)", [tenant_id]);
}

/** Waits for other processes that do the same; until the end of the transaction. */
export async function lockInstallation(tx: Tx): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('installation', 0))");
}

export async function findTenant(tx: Tx, ref: string): Promise<TenantRow | undefined> {
  const rows = await tx.query<TenantRow>(`select ${columns} from tenants where id = $1 or slug = $1`, [ref]);
  return rows[0];
}

/** Needs a transaction of the installation. */
export function listTenants(tx: Tx, page: { limit: number; cursor: string | null }): Promise<Slice> {
  const filter = new Filter().where('slug <> ?', installation_slug);
  return readNewest(tx, { table: 'tenants', columns, filter }, page);
}

/** Undefined: the slug is taken. */
export async function insertTenant(tx: Tx, tenant: TenantRow): Promise<TenantRow | undefined> {
  const rows = await tx.query<TenantRow>(
    `insert into tenants (id, slug, name, created_at) values ($1, $2, $3, $4) on conflict (slug) do nothing returning ${columns}`,
    [tenant.id, tenant.slug, tenant.name, tenant.created_at],
  );
  return rows[0];
}

/** Every change of control raises it; admissions compare it. Call it under the closed gate only. */
export async function raiseControlEpoch(tx: Tx, tenant_id: string): Promise<void> {
  await tx.query('update tenants set control_epoch = control_epoch + 1 where id = $1', [tenant_id]);
}

/** Whether control has changed between the two epochs, which only grow. */
export const isBefore = (epoch: string, other: string): boolean => epoch !== other && BigInt(epoch) < BigInt(other);

export async function controlEpoch(tx: Tx, tenant_id: string): Promise<string | undefined> {
  const rows = await tx.query<{ control_epoch: string }>('select control_epoch from tenants where id = $1', [
    tenant_id,
  ]);
  return rows[0]?.control_epoch;
}
