import type { Estimate } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { windowAt } from '@aos/core/base/window.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import { amountOf, type Line, type Reservation } from '@aos/core/policies/reserve.ts';
import type { Admission } from '../store/admission.ts';
import { type Bucket, bucketsOf } from '../store/usage.ts';
import type { Govern } from './govern.ts';

/**
 * Says of each rolling window that refused a call when it will have room for it: when enough of its oldest buckets no
 * longer count. Calls that end below what they reserved may make room before.
 */
export async function findRoom(
  govern: Govern,
  tenant_id: string,
  { lines }: Reservation,
  { output_tokens }: Estimate,
  { seen }: Admission,
): Promise<void> {
  for (const [n, line] of lines.entries()) {
    const { posted, pending } = present(seen[n], 'the balance of a line');
    const missing = posted + pending + amountOf(line, output_tokens.floor) - line.max;
    if (line.key.since_ms === null || missing <= 0n) continue;
    const buckets = await govern.db.tenant(tenant_id, (tx) => bucketsOf(tx, line.key));
    line.resets_at_ms = roomAt(line, buckets, missing);
  }
}

/** From the start of a bucket of a rolling window until it no longer counts, in milliseconds. */
export function countsFor({ limit }: Line): number {
  const window = present(countedOver(limit), 'the window of a rolling limit');
  return -present(windowAt(window, 0).since_ms, 'how long a bucket counts');
}

/** Null: the call asks more than the whole limit. */
function roomAt(line: Line, buckets: readonly Bucket[], missing: bigint): number | null {
  const counts_for_ms = countsFor(line);
  let left = missing;
  for (const { start_ms, amount } of buckets) {
    left -= amount;
    if (left <= 0n) return start_ms + counts_for_ms;
  }
  return null;
}
