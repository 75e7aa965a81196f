import { present } from '../base/assert.ts';
import { type Window, windowAt } from '../base/window.ts';

/** A part of a rolling window: from when on it counts, and what is posted and pending in it. */
export interface Bucket {
  start_ms: number;
  amount: bigint;
}

/** From the start of a bucket of a rolling window until it no longer counts, in milliseconds. */
export const countsFor = (window: Window): number =>
  -present(windowAt(window, 0).since_ms, 'how long a bucket of a rolling window counts');

/** When so much no longer counts, by the buckets in their order; null: all of them together are less. */
export function roomAt(window: Window, buckets: readonly Bucket[], missing: bigint): number | null {
  let left = missing;
  for (const { start_ms, amount } of buckets) {
    left -= amount;
    if (left <= 0n) return start_ms + countsFor(window);
  }
  return null;
}
