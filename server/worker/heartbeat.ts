import { version } from '../base/version.ts';
import type { Govern } from '../govern/govern.ts';
import { beat } from '../store/instances.ts';
import type { Job } from './define.ts';

/**
 * Tells the others that this process lives, and keeps its clock in step with the database's. Runs in every process,
 * whatever its roles, and waits for nothing else: its holds depend on it.
 */
export const heartbeat: Job = {
  name: 'heartbeat',
  every_ms: 5_000,
  async run({ db, clock, config, instance_id }: Govern) {
    const asked_ms = clock.monotonic();
    const self = { id: instance_id, version, roles: config.roles.join(',') };
    clock.follow(await db.installation((tx) => beat(tx, self)), asked_ms);
  },
};
