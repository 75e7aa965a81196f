import { present } from '@aos/core/base/assert.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Deps } from '../base/deps.ts';
import { version } from '../base/version.ts';
import { beat, removeForgottenInstances, removeInstance } from '../store/instances.ts';
import type { Migrated } from '../store/migrate.ts';
import { insertSystemRecord, isDeployed, type SystemRecordRow } from '../store/system-records.ts';
import { installationTenant } from '../store/tenant-ids.ts';

type Event = Pick<SystemRecordRow, 'component' | 'event_type' | 'summary' | 'details'> &
  Partial<Pick<SystemRecordRow, 'severity'>>;

/** System records of the installation itself stand in its reserved tenant. */
async function record(deps: Deps, event: Event, ago_ms = 0): Promise<void> {
  const tenant_id = await ownTenant(deps);
  await deps.db.tenant(tenant_id, (tx) =>
    insertSystemRecord(tx, {
      ...event,
      tenant_id,
      id: deps.makeId('event'),
      severity: event.severity ?? 'INFO',
      caused_by: 'SYSTEM',
      correlation_id: deps.instance_id,
      occurred_at: instantText(deps.clock.now() - ago_ms),
    }),
  );
}

const ownTenant = async (deps: Deps): Promise<string> =>
  present(await deps.db.installation(installationTenant), 'the tenant of the installation');

/** Registers this process as an owner of holds and writes what its start meant. */
export async function recordStartup(deps: Deps, migrated: Migrated): Promise<void> {
  const details: Json = {
    version,
    instance_id: deps.instance_id,
    roles: [...deps.config.roles],
    schema: migrated.version,
  };
  const is_new_version = !(await deps.db.tenant(await ownTenant(deps), (tx) => isDeployed(tx, version)));
  await deps.db.installation(async (tx) => {
    await beat(tx, { id: deps.instance_id, version, roles: deps.config.roles.join(',') });
    await removeForgottenInstances(tx);
  });
  if (migrated.applied.length > 0) {
    const summary = `${migrated.applied.length} migrations applied, schema is ${migrated.version}`;
    await record(deps, {
      component: 'MIGRATION',
      event_type: 'MIGRATION',
      summary,
      details: { applied: migrated.applied },
    });
  }
  if (is_new_version)
    await record(deps, {
      component: 'API',
      event_type: 'DEPLOYMENT',
      summary: `first start of version ${version}`,
      details,
    });
  await record(deps, {
    component: 'API',
    event_type: 'STARTUP',
    summary: `process started as ${deps.config.roles.join(', ')}`,
    details,
  });
}

/** The interval for which the process was without its database, written once it is back. */
export async function recordDegraded(deps: Deps, away_ms: number): Promise<void> {
  const seconds = (away_ms / 1000).toFixed(1);
  const details: Json = { instance_id: deps.instance_id, away_ms: Math.round(away_ms) };
  await record(
    deps,
    {
      component: 'DB',
      event_type: 'DEGRADED_ENTER',
      severity: 'CRITICAL',
      summary: 'the database could not be reached: every governed call is refused',
      details,
    },
    away_ms,
  );
  await record(deps, {
    component: 'DB',
    event_type: 'DEGRADED_EXIT',
    severity: 'WARN',
    summary: `the database is back after ${seconds} s: calls are governed again`,
    details,
  });
}

export async function recordShutdown(deps: Deps, why: string): Promise<void> {
  const details: Json = { version, instance_id: deps.instance_id };
  await record(deps, { component: 'API', event_type: 'SHUTDOWN', summary: `process stopped: ${why}`, details });
  await deps.db.installation((tx) => removeInstance(tx, deps.instance_id));
}
