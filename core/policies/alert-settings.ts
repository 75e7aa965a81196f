import { z } from 'zod';
import { quiet_hours, quietUntil } from '../base/quiet-hours.ts';

/** The part of a limit, in percent, that is recorded whatever the policy says. */
export const whole_limit = 100;

const channels = z.array(z.string().min(1).max(128)).max(20);
const tier_name = z.string().regex(/^([1-9]\d?|100)$/, 'must be a tier in percent, for example "90"');

/** At which parts of the cap an alert is due, in percent, and who is told of it when; 100 is always recorded. */
export const alert_settings = z
  .strictObject({
    enabled: z.boolean().default(true),
    tiers: z.array(z.int().min(1).max(99)).max(10).default([50, 70, 90]),
    /** Warn when the limit will be spent before its window ends, so many hours ahead; null or absent: never. */
    forecast_hours: z.number().positive().max(744).nullable().optional(),
    channels: channels.default([]),
    /** Channels of single tiers, by their percent, instead of `channels`. */
    tier_channels: z.record(tier_name, channels.min(1)).optional(),
    /** Tell a tier again every so many minutes while it stays reached; null or absent: never. */
    repeat_minutes: z.int().min(1).max(10_080).nullable().optional(),
    /** What lies below the whole limit is not told in them, but when they end. */
    quiet_hours: quiet_hours.optional(),
    /** Its alerts stay open until a person acknowledges them. */
    requires_ack: z.boolean().optional(),
  })
  .superRefine(({ tiers, tier_channels = {} }, context) => {
    for (const name of Object.keys(tier_channels))
      if (Number(name) !== whole_limit && !tiers.includes(Number(name)))
        context.addIssue({
          code: 'custom',
          path: ['tier_channels', name],
          message: `is none of the tiers: ${[...tiers, whole_limit].join(', ')}`,
        });
  });
export type AlertSettings = z.infer<typeof alert_settings>;

/** Over which channels a tier is told; null: a forecast. */
export const channelsOf = (of: AlertSettings | undefined, tier: number | null): readonly string[] =>
  (tier === null ? undefined : of?.tier_channels?.[tier]) ?? of?.channels ?? [];

/** Every channel that the settings name, once. */
export const channelsNamed = ({ channels: usual, tier_channels = {} }: AlertSettings): string[] => [
  ...new Set([...usual, ...Object.values(tier_channels).flat()]),
];

/** When a tier that is due now may be told outside; null: a forecast, which is about what is not reached either. */
export function tellableAt(of: AlertSettings | undefined, tier: number | null, at_ms: number): number {
  if (!of?.quiet_hours || (tier !== null && tier >= whole_limit)) return at_ms;
  return quietUntil(of.quiet_hours, at_ms) ?? at_ms;
}
