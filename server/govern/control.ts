import type { PriceBook } from '@aos/core/activity/price-book.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Ruling } from '@aos/core/policies/approval.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import { everyPolicy, indexPolicies, type PolicyIndex } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Deps } from '../base/deps.ts';
import { rulings } from '../store/approvals.ts';
import {
  allPrices,
  allProjects,
  allProviders,
  ofOneMoment,
  type ProjectRow,
  type ProviderRow,
} from '../store/control-read.ts';
import { type RunPause, runPauses } from '../store/pauses.ts';
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
  /** Questions to people whose answers hold. */
  rulings: Ruling[];
  /** Runs that are paused, or were of late, by id. */
  pauses: Map<string, RunPause>;
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
  /** Forgets what is kept of the tenant, or only this state of it: what was read since is not thrown away. */
  drop(tenant_id: string, passed?: TenantControl): void;
  /** Whether no change has been answered since this state was read; it is forgotten when one has. For what is decided outside of an admission. */
  isInForce(tenant_id: string, control: TenantControl): Promise<boolean>;
}

interface Entry {
  control: Promise<TenantControl>;
  /** Null while it is read. */
  loaded: TenantControl | null;
  until_ms: number;
}

export function createControls(deps: Deps): Controls {
  const known = new Map<string, Entry>();
  const drop = (tenant_id: string, passed?: TenantControl) => {
    if (!passed || known.get(tenant_id)?.loaded === passed) known.delete(tenant_id);
  };
  return {
    of(tenant_id) {
      const found = known.get(tenant_id);
      if (found && deps.clock.now() < found.until_ms) return found.control;
      // Two replicas may make the first snapshot of a tenant at once; one of them has to look again.
      const loading = load(deps, tenant_id).catch((error: unknown) => {
        if (isSerializationFailure(error)) return load(deps, tenant_id);
        throw error;
      });
      const entry: Entry = { control: loading, loaded: null, until_ms: Infinity };
      known.set(tenant_id, entry);
      loading.then(
        (control) => {
          entry.loaded = control;
          entry.until_ms = control.prices.valid_until ?? Infinity;
        },
        () => known.delete(tenant_id),
      );
      return loading;
    },
    drop,
    async isInForce(tenant_id, control) {
      const epoch = await deps.db.tenant(tenant_id, (tx) => controlEpoch(tx, tenant_id));
      if (epoch === control.control_epoch) return true;
      drop(tenant_id, control);
      return false;
    },
  };
}

/** Every policy in force, once. */
export const policiesIn = ({ policies }: Pick<TenantControl, 'policies'>): ActivePolicy[] => everyPolicy(policies);

/** The control that a reason of a decision speaks of; undefined when none does. */
export function controlNamed(
  { policies }: TenantControl,
  { policy_id, control_id }: { policy_id: string; control_id: string },
): StoredControl | undefined {
  return policiesIn({ policies })
    .find(({ id }) => id === policy_id)
    ?.document.controls.find(({ id }) => id === control_id);
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
      rulings: await rulings(tx, instantText(deps.clock.now())),
      pauses: new Map((await runPauses(tx)).map((of) => [of.run_id, of])),
      prices: tenantPrices(tenant_id, await allPrices(tx), deps.clock.now()),
      catalog: packagedAt(deps.clock.now()),
    };
  });
}
