import type { Price } from '@aos/core/activity/price.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';

/** A tenant's own price of a model. Versions of one model count up; none is ever changed. */
export interface PriceRow {
  id: string;
  provider: string;
  model: string;
  version: number;
  tiers: Price['tiers'];
  per_request_usd: string | null;
  per_web_search_usd: string | null;
  source: string;
  effective_from: string;
  created_by: string | null;
  reason: string | null;
  created_at: string;
}

const columns =
  'id, provider, model, version, tiers, per_request_usd, per_web_search_usd, source, effective_from, created_by, reason, created_at';

/** The tenant's own prices, newest first. */
export function ownPrices(tx: Tx): Promise<PriceRow[]> {
  return tx.query(`select ${columns} from prices where tenant_id = current_tenant() order by id desc`);
}

/** The next version of the model's price. Versions are counted under the tenant's gate, so no two are equal. */
export async function insertPrice(tx: Tx, tenant_id: string, price: Omit<PriceRow, 'version'>): Promise<PriceRow> {
  const rows = await tx.query<PriceRow>(
    `insert into prices (tenant_id, id, provider, model, version, tiers, source, effective_from, created_by, reason, created_at,
        per_request_usd, per_web_search_usd)
      select $1, $2, $3, $4, coalesce(max(p.version), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12
        from prices p where p.tenant_id = $1 and p.provider = $3 and p.model = $4
      returning ${columns}`,
    [
      tenant_id,
      price.id,
      price.provider,
      price.model,
      JSON.stringify(price.tiers),
      price.source,
      price.effective_from,
      price.created_by,
      price.reason,
      price.created_at,
      price.per_request_usd,
      price.per_web_search_usd,
    ],
  );
  return present(rows[0], 'the price just made');
}
