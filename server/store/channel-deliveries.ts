import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { channel_deliveries, Delivery } from '@aos/core/policies/delivery.ts';
import type { z } from 'zod';
import type { Tx } from '../base/database.ts';

/** How telling a channel went lately. */
export type ChannelDeliveries = {
  [Name in keyof typeof channel_deliveries]: z.infer<(typeof channel_deliveries)[Name]>;
};

type Last = NonNullable<ChannelDeliveries['last_delivery']>;

type Found = Omit<Last, 'status'> &
  ChannelDeliveries['last_week'] & {
    channel_id: string;
    /** Null: nothing was told. */
    status: Delivery['status'] | null;
  };

const week_ms = 7 * 86_400_000;

/** The last delivery of each of these channels, and what came of those of the last seven days. */
export async function deliveriesOfChannels(
  tx: Tx,
  ids: readonly string[],
  now_ms: number,
): Promise<Map<string, ChannelDeliveries>> {
  const of_channel = 'd.tenant_id = current_tenant() and d.channel_id = of.id';
  const rows = await tx.query<Found>(
    `select of.id as channel_id, last.status, last.created_at, last.delivered_at, last.last_error as error,
        (last.log -> -1 ->> 'latency_ms')::int as latency_ms, week.*
      from unnest($1::text[]) of(id)
      left join lateral (select d.* from deliveries d where ${of_channel} order by d.id desc limit 1) last on true
      cross join lateral (
        select count(*) filter (where d.status = 'delivered')::int as delivered,
            count(*) filter (where d.status = 'dead')::int as given_up,
            coalesce(sum(tried - (d.status = 'delivered' and tried > 0)::int), 0)::int as failed_attempts
          from deliveries d, jsonb_array_length(d.log) tried where ${of_channel} and d.id >= $2) week`,
    [ids, `dlv_${firstSuffixAt(now_ms - week_ms)}`],
  );
  return new Map(
    rows.map(({ channel_id, status, created_at, delivered_at, error, latency_ms, ...last_week }) => [
      channel_id,
      { last_delivery: status && { status, created_at, delivered_at, error, latency_ms }, last_week },
    ]),
  );
}
