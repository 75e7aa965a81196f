import { setTimeout as pause } from 'node:timers/promises';

/** Waits between tries: about three seconds in all, then somebody has to be told. */
const waits_ms = [50, 150, 400, 900, 1500];

/**
 * Runs a batch; when it fails, each item alone, so that one bad item does not fail its neighbours, and each of them
 * again after a while, because a database that restarts is back in seconds. `run` must be safe to repeat.
 */
export async function runPatiently<In, Out>(
  items: In[],
  run: (items: In[]) => Promise<Out[]>,
): Promise<PromiseSettledResult<Out>[]> {
  try {
    return (await run(items)).map((value) => ({ status: 'fulfilled', value }));
  } catch {
    return Promise.allSettled(items.map((item) => again(item, run)));
  }
}

async function again<In, Out>(item: In, run: (items: In[]) => Promise<Out[]>): Promise<Out> {
  for (const wait_ms of waits_ms) {
    try {
      return (await run([item]))[0] as Out;
    } catch {
      await pause(wait_ms);
    }
  }
  return (await run([item]))[0] as Out;
}
