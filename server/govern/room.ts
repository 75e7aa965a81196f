import type { Estimate } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { roomAt } from '@aos/core/policies/free-room.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import { amountOf, type Reservation } from '@aos/core/policies/reserve.ts';
import type { Admission } from '../store/admission.ts';
import { bucketsOf } from '../store/usage.ts';
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
    const window = present(countedOver(line.limit), 'the window of a rolling limit');
    // Null: the call asks more than the whole limit.
    line.resets_at_ms = roomAt(window, buckets, missing);
  }
}
