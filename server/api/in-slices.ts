import { setImmediate as breathe } from 'node:timers/promises';
import type { Deps } from '../base/deps.ts';

/** Longest stretch of work before others have their turn, in milliseconds: calls go through the same process. */
const slice_ms = 4;

/** Does something with each of many items. */
export async function inSlices<T>(
  { clock }: Pick<Deps, 'clock'>,
  items: readonly T[],
  work: (item: T) => void,
): Promise<void> {
  let begun_ms = clock.monotonic();
  for (const [n, item] of items.entries()) {
    work(item);
    if (n % 64 !== 63 || clock.monotonic() - begun_ms < slice_ms) continue;
    await breathe();
    begun_ms = clock.monotonic();
  }
}
