import type { ProviderKind } from '@aos/core/access/provider-kind.ts';
import type { Price } from '@aos/core/activity/price.ts';
import type { Tx } from '../base/database.ts';

/** What the gateway needs of a project. */
export interface ProjectRow {
  id: string;
  slug: string;
  auto_register: boolean;
  default_output_bound: number;
  synthetic_scenario_id: string | null;
}

/** A configured model provider, its secret sealed. */
export interface ProviderRow {
  id: string;
  slug: string;
  kind: ProviderKind;
  base_url: string | null;
  secret_envelope: string | null;
  models: string[];
  default_model: string | null;
  enabled: boolean;
}

/** A tenant's own price of a model. */
export interface PriceEntryRow {
  id: string;
  provider: string;
  model: string;
  version: number;
  tiers: Price['tiers'];
  per_request_usd: string | null;
  per_web_search_usd: string | null;
  effective_from: string;
}

export const allProjects = (tx: Tx): Promise<ProjectRow[]> =>
  tx.query(
    `select id, slug, auto_register, default_output_bound, synthetic_scenario_id from projects
      where tenant_id = current_tenant() and retired_at is null`,
  );

export const allProviders = (tx: Tx): Promise<ProviderRow[]> =>
  tx.query(
    `select id, slug, kind, base_url, secret_envelope, models, default_model, enabled from providers
      where tenant_id = current_tenant() order by id`,
  );

export const allPrices = (tx: Tx): Promise<PriceEntryRow[]> =>
  tx.query(
    `select id, provider, model, version, tiers, per_request_usd, per_web_search_usd, effective_from from prices
      where tenant_id = current_tenant() order by id`,
  );

/** Everything read after it in this transaction is of one moment. Must be the first statement. */
export const ofOneMoment = (tx: Tx): Promise<unknown> => tx.query('set transaction isolation level repeatable read');
