import { usual_base_url } from '@aos/core/access/provider.ts';
import { first_tenant_slug, installation_slug } from '@aos/core/access/tenant.ts';
import { present } from '@aos/core/base/assert.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import { sealContext } from '../base/vault.ts';
import { keptAdminKey } from './admin-key-file.ts';
import { type ApiKeyRow, installationKeys, revokeApiKey } from './api-keys.ts';
import { closeGate } from './gate.ts';
import { installation_actor, makeOwnerKey, makeProvider, makeTenant, note } from './new-tenant.ts';
import { findProject } from './projects.ts';
import { findProvider } from './providers.ts';
import { enterTenant, findTenant, insertTenant, lockInstallation } from './tenants.ts';

export interface FirstBoot {
  /** The generated admin key, when it was made just now: shown this once. */
  admin_key_to_print: string | null;
}

/**
 * Makes sure that the installation can be used: its first tenant with a project and providers, the tenant that owns
 * what it records about itself, and an admin key. Runs at every start; processes that start together do it one after
 * the other, and all of it takes effect or none. `admin_key` is the one the operator set, which replaces the one before.
 */
export async function firstBoot(deps: Deps, of: { admin_key: string | null }): Promise<FirstBoot> {
  return deps.db.installation(async (tx) => {
    await lockInstallation(tx);
    const known = await findTenant(tx, first_tenant_slug);
    const tenant_id = known?.id ?? (await makeFirstTenants(tx, deps));
    await enterTenant(tx, tenant_id);
    if (known) await closeGate(tx, tenant_id);
    for (const kind of ['openai', 'anthropic'] as const) await ensureProvider(tx, deps, tenant_id, kind);
    return { admin_key_to_print: await ensureAdminKey(tx, deps, tenant_id, of.admin_key) };
  });
}

async function makeFirstTenants(tx: Tx, deps: Deps): Promise<string> {
  const id = deps.makeId('tenant');
  const created_at = instantText(deps.clock.now());
  await insertTenant(tx, { id, slug: installation_slug, name: 'Installation', created_at });
  const made = await makeTenant(tx, deps, { slug: first_tenant_slug, name: 'Default' });
  return present(made, 'the first tenant').tenant.id;
}

/** A provider that is there stays as it is: later changes are made through the API. */
async function ensureProvider(tx: Tx, deps: Deps, tenant_id: string, kind: 'openai' | 'anthropic'): Promise<void> {
  const { api_key, base_url } = deps.config[kind];
  if (api_key === null && base_url === null) return;
  if (await findProvider(tx, kind)) return;
  const id = deps.makeId('provider');
  const secret_envelope = api_key === null ? null : deps.vault.seal(api_key, sealContext(tenant_id, 'providers', id));
  await makeProvider(tx, deps, tenant_id, {
    id,
    slug: kind,
    kind,
    base_url: base_url ?? usual_base_url[kind],
    secret_envelope,
  });
}

/**
 * The operator's key replaces the one before and whatever that was rotated to. Without one, a key is made once in the life of the installation: an admin
 * key that was revoked on purpose does not come back by a restart, but by setting a new one.
 */
async function ensureAdminKey(tx: Tx, deps: Deps, tenant_id: string, chosen: string | null): Promise<string | null> {
  const before = await installationKeys(tx, installation_actor);
  if (chosen === null && before.length > 0) return null;
  const secret = chosen ?? (await keptAdminKey(deps.config.data_dir));
  const same = before.find(({ hash }) => hash === sha256Hex(secret));
  if (same) {
    const is_ended =
      same.revoked_at !== null || (same.expires_at !== null && epochMs(same.expires_at) <= deps.clock.now());
    if (is_ended)
      deps.log.warn({ api_key_id: same.id }, 'AOS_ADMIN_KEY was revoked or replaced and opens nothing: set a new one');
    return null;
  }
  const project = present(await findProject(tx, 'default'), 'the project default');
  const replaced = before.find(({ revoked_at }) => revoked_at === null) ?? before[0];
  const { hash: _, ...replaces } = replaced ?? { hash: '' };
  const made = await makeOwnerKey(tx, deps, tenant_id, {
    name: 'admin',
    project_id: project.id,
    created_by: installation_actor,
    secret,
    replaces: 'id' in replaces ? replaces : undefined,
  });
  if (!made) {
    deps.log.warn({}, 'AOS_ADMIN_KEY is in use as another key: set one that is used for nothing else');
    return null;
  }
  const live = before.filter(({ revoked_at }) => revoked_at === null).map(({ hash: _, ...key }) => key);
  await revokeReplaced(tx, deps, tenant_id, live);
  return chosen === null ? secret : null;
}

/** The ledger has the newest as rotated to the operator's key; the others are noted as revoked. */
async function revokeReplaced(tx: Tx, deps: Deps, tenant_id: string, live: ApiKeyRow[]): Promise<void> {
  const at = instantText(deps.clock.now());
  for (const [place, before] of live.entries()) {
    const after = await revokeApiKey(tx, before.id, at);
    const revoked = { event: 'KEY_REVOKED', object_type: 'api_key', object_id: before.id, before, after };
    if (place > 0) await note(tx, deps, tenant_id, revoked);
  }
}
