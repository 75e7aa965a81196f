import { hintOf, makeKeyText } from '@aos/core/access/key-text.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { type Deps, randomSecret, sha256Hex } from '../base/deps.ts';
import { type ApiKeyRow, insertApiKey } from './api-keys.ts';
import { insertConsole } from './channels.ts';
import { appendToLedger } from './ledger.ts';
import { insertProject, type ProjectRow } from './projects.ts';
import { insertProvider, type NewProvider, type ProviderRow } from './providers.ts';
import { enterTenant, insertTenant, type TenantRow } from './tenants.ts';

/** Who made what nobody asked for by a key. */
export const installation_actor = 'installation';

type Making = Pick<Deps, 'clock' | 'makeId'>;

/**
 * A tenant with what it needs to take calls: the project `default` and the built-in provider `mock`. From here on the
 * transaction is within it. Undefined: the slug is taken.
 */
export async function makeTenant(
  tx: Tx,
  deps: Making,
  of: { slug: string; name: string },
): Promise<{ tenant: TenantRow; project: ProjectRow } | undefined> {
  const id = deps.makeId('tenant');
  await enterTenant(tx, id);
  const created_at = instantText(deps.clock.now());
  const tenant = await insertTenant(tx, { id, ...of, created_at });
  if (!tenant) return undefined;
  await note(tx, deps, id, { event: 'TENANT_CREATED', object_type: 'tenant', object_id: id, after: tenant });
  const project = await insertProject(tx, id, {
    id: deps.makeId('project'),
    slug: 'default',
    name: 'Default',
    owner: null,
    content_mode: 'none',
    auto_register: true,
    default_output_bound: 4096,
    two_person_rule: false,
    two_person_rule_end: null,
    synthetic_scenario_id: null,
    retired_at: null,
    created_at,
  });
  const made = present(project, 'the first project of a new tenant');
  await note(tx, deps, id, { event: 'PROJECT_CREATED', object_type: 'project', object_id: made.id, after: made });
  const console = await insertConsole(tx, id, created_at);
  const made_channel = { event: 'CHANNEL_CREATED', object_type: 'channel', object_id: console.id, after: console };
  await note(tx, deps, id, made_channel);
  const mock = { slug: 'mock', kind: 'mock', base_url: null, secret_envelope: null } as const;
  await makeProvider(tx, deps, id, { id: deps.makeId('provider'), ...mock });
  return { tenant, project: made };
}

/** Undefined: there is a provider with this slug. */
export async function makeProvider(
  tx: Tx,
  deps: Making,
  tenant_id: string,
  provider: Omit<NewProvider, 'models' | 'enabled' | 'created_at'>,
): Promise<ProviderRow | undefined> {
  const created_at = instantText(deps.clock.now());
  const row = await insertProvider(tx, tenant_id, { ...provider, models: [], enabled: true, created_at });
  if (row)
    await note(tx, deps, tenant_id, {
      event: 'PROVIDER_CREATED',
      object_type: 'provider',
      object_id: row.id,
      after: row,
    });
  return row;
}

export interface OwnerKey {
  name: string;
  project_id: string;
  created_by: string;
  /** Absent: one is made. */
  secret?: string | undefined;
  /** The key it replaces, whose lineage it continues. */
  replaces?: ApiKeyRow | undefined;
}

/** A key that may do everything in the tenant. Undefined: this secret is a key already. */
export async function makeOwnerKey(
  tx: Tx,
  deps: Making,
  tenant_id: string,
  wanted: OwnerKey,
): Promise<{ row: ApiKeyRow; secret: string } | undefined> {
  const { name, project_id, created_by, secret = makeKeyText('live', randomSecret), replaces } = wanted;
  const id = deps.makeId('api_key');
  const row = await insertApiKey(tx, {
    tenant_id,
    id,
    lineage_id: replaces?.lineage_id ?? id,
    project_id,
    name,
    role: 'owner',
    hash: sha256Hex(secret),
    hint: hintOf(secret),
    agent_ids: [],
    actor_ids: [],
    created_by,
    created_at: instantText(deps.clock.now()),
    expires_at: null,
    rotated_from: replaces?.id ?? null,
  });
  if (!row) return undefined;
  const event = replaces ? 'KEY_ROTATED' : 'KEY_CREATED';
  await note(tx, deps, tenant_id, {
    event,
    object_type: 'api_key',
    object_id: id,
    before: replaces ?? null,
    after: row,
  });
  return { row, secret };
}

/** What the installation did by itself, in the ledger of the tenant it concerns. */
export async function note(
  tx: Tx,
  deps: Making,
  tenant_id: string,
  of: { event: string; object_type: string; object_id: string; before?: object | null; after: object },
): Promise<void> {
  const entry = {
    id: deps.makeId('event'),
    event: of.event,
    actor_type: 'system',
    actor_id: installation_actor,
    object_type: of.object_type,
    object_id: of.object_id,
    api_key_id: null,
    agent_id: null,
    project_id: null,
    run_id: null,
    before: (of.before ?? null) as Json,
    after: of.after as Json,
    reason: null,
    request_id: null,
    occurred_at: instantText(deps.clock.now()),
  } as const;
  await appendToLedger(tx, tenant_id, [entry]);
}
