import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { channel_kinds } from './channel.ts';

/** `dead`: given up, until a person asks for it again. */
export const delivery_statuses = ['pending', 'delivered', 'dead'] as const;

const attempt = z.object({
  n: z.int(),
  at: instant,
  latency_ms: z.int(),
  status: z.int().nullable().meta({ description: 'HTTP status, or the reply code of the mail server' }),
  error: z.string().nullable(),
});
export type Attempt = z.infer<typeof attempt>;

/** One message for one channel. Its id travels with every attempt, so that a receiver can tell a repeated one. */
export const delivery = z
  .object({
    id: idOf('delivery'),
    alert_id: idOf('alert').nullable().meta({ description: 'Null: a test' }),
    channel_id: idOf('channel'),
    channel_slug: z.string(),
    kind: z.enum(channel_kinds),
    status: z.enum(delivery_statuses),
    attempts: z.int(),
    next_attempt_at: instant.nullable(),
    last_error: z.string().nullable(),
    log: z.array(attempt).meta({ description: 'The latest attempts, oldest first' }),
    created_at: instant,
    delivered_at: instant.nullable(),
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof delivery>;

const second_ms = 1000;
const minute_ms = 60 * second_ms;
const hour_ms = 60 * minute_ms;

/** How telling a channel went lately. */
export const channel_deliveries = {
  last_delivery: z
    .object({
      status: z.enum(delivery_statuses),
      created_at: instant,
      delivered_at: instant.nullable(),
      latency_ms: z
        .int()
        .nullable()
        .meta({ description: 'Of its latest attempt; null: none was made, as in the console' }),
      error: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'A test too; null: nothing was told here yet' }),
  last_week: z.object({
    delivered: z.int(),
    given_up: z.int(),
    failed_attempts: z.int().meta({ description: 'Attempts that failed, those that were repeated with success too' }),
  }),
};

/** The waits that the Standard Webhooks specification suggests: about 28 hours over eight attempts. */
const waits_ms = [5 * second_ms, 5 * minute_ms, 30 * minute_ms, 2 * hour_ms, 5 * hour_ms, 10 * hour_ms, 10 * hour_ms];

/** By which part a wait is longer or shorter, so that what failed together does not come back together. */
const jitter = 0.2;

/** How long to wait after so many failed attempts; null: no more. `chance` is from 0 to 1. */
export function waitAfter(attempts: number, chance: number): number | null {
  const wait_ms = waits_ms[attempts - 1];
  return wait_ms === undefined ? null : Math.round(wait_ms * (1 - jitter + 2 * jitter * chance));
}

/** Attempts that a delivery remembers. */
export const kept_attempts = 20;

/** What a channel is told. Its text is the same in every attempt. */
export interface Notice {
  type: 'limit.tier_reached' | 'limit.forecast' | 'channel.test';
  timestamp: string;
  /** One line for people. */
  title: string;
  text: string;
  url: string;
  data: Record<string, unknown>;
}
