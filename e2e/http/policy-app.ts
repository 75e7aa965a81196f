import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKeyText } from '@aos/core/access/key-text.ts';
import type { Role } from '@aos/core/access/permission.ts';
import { limit_endpoints } from '@aos/core/api/limits.ts';
import { policy_endpoints } from '@aos/core/api/policies.ts';
import { limit_handlers } from '@aos/server/api/limits.ts';
import { policy_handlers } from '@aos/server/api/policies.ts';
import { readConfig } from '@aos/server/base/config.ts';
import { type Deps, makeId, randomSecret, realClock, sha256Hex } from '@aos/server/base/deps.ts';
import { openLog } from '@aos/server/base/log.ts';
import { createMetrics } from '@aos/server/base/metrics.ts';
import { openOutbound } from '@aos/server/base/outbound/outbound.ts';
import { openVault } from '@aos/server/base/vault.ts';
import { createApp } from '@aos/server/http/app.ts';
import { bindEndpoints } from '@aos/server/http/bind.ts';
import { insertApiKey } from '@aos/server/store/api-keys.ts';
import { type Api, api } from '../parts/client.ts';
import type { DatabaseKind } from '../parts/database.ts';
import { freshStore, makeTenant, type TestStore } from '../parts/store.ts';

/** The endpoints of policies and limits on a real port over a real database. */
export interface PolicyApp extends TestStore {
  deps: Deps;
  url: string;
  /** The instant the server believes it is; null: the real one. */
  setClock(at: string | null): void;
  /** A client with a key of its own; `lineage_id`: the key continues that one. */
  client(of?: { tenant_id?: string; role?: Role; lineage_id?: string }): Promise<Api & { key_id: string }>;
  otherTenant(): Promise<string>;
}

export async function openPolicyApp(kind: DatabaseKind): Promise<PolicyApp> {
  const store = await freshStore(kind);
  const data_dir = mkdtempSync(join(tmpdir(), 'aos-policies-'));
  const config = readConfig({
    AOS_DATA_DIR: data_dir,
    AOS_PUBLIC_URL: 'https://aos.test',
    AOS_SECRET_KEY: 'A'.repeat(43),
  });
  const real = realClock();
  let fixed_ms: number | null = null;
  const clock = { ...real, now: () => fixed_ms ?? real.now() };
  const others = {
    log: openLog('silent'),
    vault: openVault(config),
    outbound: openOutbound(config.outbound_reach),
    metrics: createMetrics(),
    instance_id: makeId('instance'),
  };
  const deps: Deps = { config, clock, makeId, db: store.db, database_url: store.url, ...others };
  const app = createApp(deps);
  bindEndpoints(app, deps, { ...policy_endpoints, ...limit_endpoints }, { ...policy_handlers, ...limit_handlers });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    ...store,
    deps,
    url,
    setClock: (at) => {
      fixed_ms = at === null ? null : Date.parse(at);
    },
    client: async ({ tenant_id = store.tenant_id, role = 'admin', lineage_id } = {}) => {
      const { id, secret } = await makeKey(deps, tenant_id, role, lineage_id);
      return { ...api({ url }, secret), key_id: id };
    },
    otherTenant: () => makeTenant(store.db, `other-${makeId('event').slice(-12)}`),
    drop: async () => {
      await app.close();
      await store.drop();
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
}

async function makeKey({ db }: Deps, tenant_id: string, role: Role, lineage_id?: string) {
  const secret = makeKeyText('live', randomSecret);
  const id = makeId('api_key');
  const of = {
    tenant_id,
    id,
    lineage_id: lineage_id ?? id,
    project_id: null,
    name: role,
    role,
    hash: sha256Hex(secret),
    hint: 'x',
  };
  const more = {
    agent_ids: [],
    actor_ids: [],
    created_by: null,
    created_at: new Date().toISOString(),
    expires_at: null,
  };
  await db.tenant(tenant_id, (tx) => insertApiKey(tx, { ...of, ...more, rotated_from: null }));
  return { id, secret };
}
