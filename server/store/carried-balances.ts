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

/**
 * Deletes balances of windows that began before the instant of their control (milliseconds since 1970) and hold nothing,
 * at most so many; answers how many. Waits for nobody: what somebody posts to is left for the next time. The row of a
 * rolling window at -infinity is its lock and stays.
 */
export async function forgetBalances(tx: Tx, before: ReadonlyMap<string, number>, most: number): Promise<number> {
  const deleted = await tx.query(
    `delete from balances b using (
        select p.* from unnest($1::text[], $2::timestamptz[]) k(control_id, before),
          lateral (select o.control_id, o.subject, o.window_start from balances o
            where o.tenant_id = current_tenant() and o.control_id = k.control_id
              and o.window_start > '-infinity' and o.window_start < k.before and o.pending = 0
            limit $3 for update skip locked) p
        limit $3) past
      where b.tenant_id = current_tenant() and b.control_id = past.control_id and b.subject = past.subject
        and b.window_start = past.window_start
      returning true`,
    [[...before.keys()], [...before.values()].map((ms) => instantText(ms)), most],
  );
  return deleted.length;
}
