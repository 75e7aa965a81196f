import { setTimeout as pause } from 'node:timers/promises';

/** Waits between tries: about three seconds in all, then somebody has to be told. */
const waits_ms = [0, 50, 150, 400, 900, 1500];

/** Tries again and again for a while, because a database that restarts is back in seconds. `run` must be safe to repeat. */
export async function patiently<Out>(run: () => Promise<Out>): Promise<Out> {
  for (const wait_ms of waits_ms) {
    try {
      return await run();
    } catch {
      await pause(wait_ms);
    }
  }
  return run();
}
