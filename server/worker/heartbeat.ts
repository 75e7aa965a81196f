import type { Govern } from '../govern/govern.ts';
import type { Later } from '../govern/later.ts';
import { beat } from '../store/instances.ts';
import type { Job } from './define.ts';

/**
 * Tells the others that this process lives, keeps its clock in step with the database's, and writes what had to wait.
 * Runs in every process, whatever its roles: its holds depend on it.
 */
export const heartbeat = (later: Later): Job => ({
  name: 'heartbeat',
  every_ms: 5_000,
  async run(govern: Govern) {
    const asked_ms = govern.clock.monotonic();
    govern.clock.follow(await govern.db.installation((tx) => beat(tx, govern.instance_id)), asked_ms);
    await later.retry();
  },
});
