import type { PriceBook } from '@aos/core/activity/price-book.ts';
import { present } from '@aos/core/base/assert.ts';
import { indexPolicies, type PolicyIndex } from '@aos/core/policies/resolve.ts';
import type { Deps } from '../base/deps.ts';
import {
  allPrices,
  allProjects,
  allProviders,
  ofOneMoment,
  type ProjectRow,
  type ProviderRow,
} from '../store/control-read.ts';
import { currentSnapshot } from '../store/policies.ts';
import { containments, type StopRow } from '../store/stops.ts';
import { controlEpoch } from '../store/tenants.ts';
import { packagedAt, tenantPrices } from './prices.ts';

/** Everything that decides about the calls of one tenant, as of one control epoch. Never changed, only replaced. */
export interface TenantControl {
  control_epoch: string;
  policies: PolicyIndex;
  projects: Map<string, ProjectRow>;
  providers: ProviderRow[];
  /** Agents, actors, keys or the tenant whose calls are refused until they are released. */
  containments: StopRow[];
  prices: PriceBook;
  /** The packaged prices, for listing what could be called. */
  catalog: PriceBook;
}

/**
 * The control state of tenants, kept until an admission finds that its epoch has passed. Staleness is decided by the
 * admission itself, in the transaction that takes the holds; this cache only saves the reading.
 */
export interface Controls {
  of(tenant_id: string): Promise<TenantControl>;
  drop(tenant_id: string): void;
}

export function createControls(deps: Deps): Controls {
  const known = new Map<string, { control: Promise<TenantControl>; until_ms: number }>();
  return {
    of(tenant_id) {
      const found = known.get(tenant_id);
      if (found && deps.clock.now() < found.until_ms) return found.control;
      // Two replicas may make the first snapshot of a tenant at once; one of them has to look again.
      const loading = load(deps, tenant_id).catch((error: unknown) => {
        if (isSerializationFailure(error)) return load(deps, tenant_id);
        throw error;
      });
      const entry = { control: loading, until_ms: Infinity };
      known.set(tenant_id, entry);
      loading.then(
        ({ prices }) => {
          entry.until_ms = prices.valid_until ?? Infinity;
        },
        () => known.delete(tenant_id),
      );
      return loading;
    },
    drop: (tenant_id) => {
      known.delete(tenant_id);
    },
  };
}

const isSerializationFailure = (error: unknown) => error instanceof Error && 'code' in error && error.code === '40001';

/** One repeatable-read transaction: epoch, snapshot, providers and prices belong together. */
function load(deps: Deps, tenant_id: string): Promise<TenantControl> {
  return deps.db.tenant(tenant_id, async (tx) => {
    await ofOneMoment(tx);
    const control_epoch = present(await controlEpoch(tx, tenant_id), 'the control epoch of a tenant');
    const snapshot = await currentSnapshot(tx, tenant_id);
    const projects = await allProjects(tx);
    return {
      control_epoch,
      policies: indexPolicies(snapshot.snapshot_id, snapshot.document),
      projects: new Map(projects.map((project) => [project.id, project])),
      providers: await allProviders(tx),
      containments: await containments(tx),
      prices: tenantPrices(tenant_id, await allPrices(tx), deps.clock.now()),
      catalog: packagedAt(deps.clock.now()),
    };
  });
}
