import type { Provider } from '@aos/core/access/provider.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

/** A provider without its secret. */
export type ProviderRow = Omit<Provider, 'url'>;

const columns =
  'id, slug, kind, base_url, secret_envelope is not null as has_secret, models, default_model, enabled, created_at, updated_at';

/** By id or slug. */
export async function findProvider(tx: Tx, ref: string): Promise<ProviderRow | undefined> {
  const rows = await tx.query<ProviderRow>(
    `select ${columns} from providers where tenant_id = current_tenant() and (id = $1 or slug = $1)`,
    [ref],
  );
  return rows[0];
}

export function listProviders(tx: Tx, page: { limit: number; cursor: string | null }): Promise<Slice> {
  return readNewest(tx, { table: 'providers', columns, filter: ofTenant() }, page);
}

export interface NewProvider extends Omit<ProviderRow, 'has_secret' | 'default_model' | 'updated_at'> {
  secret_envelope: string | null;
}

/** Undefined: the slug is taken. */
export async function insertProvider(
  tx: Tx,
  tenant_id: string,
  provider: NewProvider,
): Promise<ProviderRow | undefined> {
  const rows = await tx.query<ProviderRow>(
    `insert into providers (tenant_id, id, slug, kind, base_url, secret_envelope, models, enabled, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict (tenant_id, slug) do nothing returning ${columns}`,
    [
      tenant_id,
      provider.id,
      provider.slug,
      provider.kind,
      provider.base_url,
      provider.secret_envelope,
      provider.models,
      provider.enabled,
      provider.created_at,
    ],
  );
  return rows[0];
}

/** Makes `model` of one provider the default, and that of no other. */
export async function setDefaultModel(tx: Tx, of: { id: string; model: string; at: string }): Promise<ProviderRow> {
  await tx.query(
    'update providers set default_model = null where tenant_id = current_tenant() and default_model is not null',
  );
  const rows = await tx.query<ProviderRow>(
    `update providers set default_model = $2, updated_at = $3 where tenant_id = current_tenant() and id = $1
      returning ${columns}`,
    [of.id, of.model, of.at],
  );
  return present(rows[0], 'the provider that is used');
}

/** The provider that calls for the model `default` go to. */
export async function defaultProvider(tx: Tx): Promise<ProviderRow | undefined> {
  const rows = await tx.query<ProviderRow>(
    `select ${columns} from providers where tenant_id = current_tenant() and default_model is not null`,
  );
  return rows[0];
}

/** `secret_envelope` undefined: the secret stays; null: there is none any more. */
export async function updateProvider(
  tx: Tx,
  provider: Omit<ProviderRow, 'has_secret' | 'default_model'>,
  secret_envelope: string | null | undefined,
): Promise<ProviderRow> {
  const rows = await tx.query<ProviderRow>(
    `update providers set base_url = $2, models = $3, enabled = $4, updated_at = $5,
        secret_envelope = case when $6 then $7 else secret_envelope end
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [
      provider.id,
      provider.base_url,
      provider.models,
      provider.enabled,
      provider.updated_at,
      secret_envelope !== undefined,
      secret_envelope ?? null,
    ],
  );
  return present(rows[0], 'the provider that changes');
}
