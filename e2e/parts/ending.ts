import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Acts on something that ends by itself at an instant, and returns when that is past. Where the machine was too slow to
 * act before it, this is done again with something that lasts longer.
 */
export async function beforeItEnds<T>(act: (ends_at: string) => Promise<T>): Promise<T> {
  for (let lasts_ms = 2_000; ; lasts_ms *= 4) {
    const ends_ms = Date.now() + lasts_ms;
    try {
      const done = await act(new Date(ends_ms).toISOString());
      if (Date.now() < ends_ms) {
        await sleep(ends_ms - Date.now() + 5);
        return done;
      }
    } catch (error) {
      if (Date.now() < ends_ms) throw error;
    }
  }
}
