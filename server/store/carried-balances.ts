import { instantText } from '@aos/core/base/time.ts';
import { bucketOf } from '@aos/core/base/window.ts';
import type { Finer, Identified } from '@aos/core/policies/control-ids.ts';
import type { Tx } from '../base/database.ts';

/**
 * Lets the balances of rolling limits go on under other controls that count in shorter buckets: what is in a longer
 * one counts as if it had come at its end, or now where that is to come, and what is pending as if it were used. So the
 * new one never counts less than was used, and for up to the longer bucket too long.
 */
export async function carryOn(tx: Tx, { replaced }: Pick<Identified, 'replaced'>, at_ms: number): Promise<void> {
  for (const { old_id, new_id, finer } of replaced) if (finer) await carryOne(tx, { old_id, new_id, at_ms, ...finer });
}

async function carryOne(tx: Tx, of: Finer & { old_id: string; new_id: string; at_ms: number }): Promise<void> {
  const [longer_ms, shorter_ms] = [bucketOf(of.from_seconds), bucketOf(of.to_seconds)];
  const oldest_ms = of.at_ms - of.to_seconds * 1000 - longer_ms;
  await tx.query(
    `insert into balances (tenant_id, control_id, subject, window_start, posted)
      select current_tenant(), $2, subject, to_timestamp(bucket_ms / 1000.0), sum(posted + pending)
        from (select subject, posted, pending,
            div(least((extract(epoch from window_start) * 1000)::bigint + $3::bigint - 1, $4::bigint), $5::bigint) * $5::bigint as bucket_ms
          from balances where tenant_id = current_tenant() and control_id = $1 and window_start >= $6) of_old
        where posted + pending > 0 group by subject, bucket_ms`,
    [of.old_id, of.new_id, longer_ms, of.at_ms, shorter_ms, instantText(oldest_ms)],
  );
}
