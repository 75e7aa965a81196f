import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { windowAt } from '../base/window.ts';
import { whole_limit } from './alert-settings.ts';
import type { Control } from './control.ts';
import type { LimitOf } from './limits/define.ts';
import { countedOver } from './limits/index.ts';
import { policy_mode } from './policy.ts';

const tiers_of = new WeakMap<Control, readonly number[]>();

/** At which parts of its limit a control alerts, in percent, rising; none when its alerts are switched off. */
export function tiersOf(control: Control): readonly number[] {
  const known = tiers_of.get(control);
  if (known) return known;
  const { alerts } = control;
  const tiers = alerts?.enabled === false ? [] : [...new Set([...(alerts?.tiers ?? []), whole_limit])];
  tiers.sort((a, b) => a - b);
  tiers_of.set(control, tiers);
  return tiers;
}

/** The first amount of a balance, in whole units, at which a part of the limit is used up. */
export const markOf = (tier: number, max: bigint): bigint => (max * BigInt(tier) + 99n) / 100n;

/**
 * The tiers that a balance passed when it rose: it was below them and is not any more. Reaching a tier exactly counts.
 * Whatever a balance goes through, no tier is passed twice without the balance having been below it in between.
 */
export const tiersCrossed = (tiers: readonly number[], max: bigint, before: bigint, after: bigint): number[] =>
  tiers.filter((tier) => {
    const mark = markOf(tier, max);
    return before < mark && mark <= after;
  });

/** The tiers that a balance of this height has reached. */
export const tiersReached = (tiers: readonly number[], max: bigint, used: bigint): number[] =>
  tiers.filter((tier) => used >= markOf(tier, max));

const day_ms = 86_400_000;

/**
 * The window in which each tier is told once. A rolling window moves with every call, so its alerts are told once in
 * each stretch of its own length; what is in flight at one time has no window, and is told once a day.
 */
export function alertWindow(limit: LimitOf, at_ms: number): { start_ms: number; end_ms: number | null } {
  const window = limit.window ?? countedOver(limit);
  if (window && !('rolling_seconds' in window)) return windowAt(window, at_ms);
  const length_ms = window ? window.rolling_seconds * 1000 : day_ms;
  const start_ms = Math.floor(at_ms / length_ms) * length_ms;
  return { start_ms, end_ms: start_ms + length_ms };
}

/** Less than this part of a limit says nothing about the rest of its window, in percent. */
export const least_used = 10;

/** Whether a limit that goes on being used as it is now will be spent before its window ends, within these hours. */
export function runsOut(
  of: { used: bigint; max: bigint; empties_at_ms: number | null },
  forecast_hours: number,
  at_ms: number,
): boolean {
  const { used, max, empties_at_ms } = of;
  if (empties_at_ms === null || used >= max || used < markOf(least_used, max)) return false;
  return empties_at_ms - at_ms <= forecast_hours * 3_600_000;
}

export const alert_kinds = ['tier', 'forecast'] as const;
export type AlertKind = (typeof alert_kinds)[number];
/** `open` waits for a person, `noted` waits for nobody. */
export const alert_statuses = ['open', 'noted', 'acknowledged'] as const;

/** That a limit reached one of its tiers, or will be spent too early: told once in each of its windows. */
export const alert = z
  .object({
    id: idOf('alert'),
    kind: z.enum(alert_kinds),
    tier: z.int().nullable().meta({ description: 'Percent of the limit; null for a forecast' }),
    status: z.enum(alert_statuses),
    text: z.string(),
    policy_id: idOf('policy'),
    policy_name: z.string(),
    policy_version: z.int(),
    control_id: idOf('control'),
    mode: policy_mode,
    action: z.string(),
    limit_type: z.string(),
    subject: z.string().meta({ description: 'The balance it is about; * when all is counted together' }),
    unit: z.string(),
    limit_value: z.string(),
    used: z.string(),
    reserved: z.string(),
    window_start: instant,
    window_end: instant.nullable(),
    empties_at: instant.nullable().meta({ description: 'Forecast: when nothing will be left' }),
    decision_id: idOf('decision')
      .nullable()
      .meta({ description: 'The call that reached it; null: no single call did' }),
    run_id: idOf('run').nullable(),
    project_id: idOf('project').nullable(),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key').nullable(),
    event_id: idOf('event').meta({ description: 'Its entry in the ledger' }),
    channels: z.array(z.string()),
    repeats: z.int().meta({ description: 'How often it was told again' }),
    repeat_at: instant.nullable().meta({ description: 'When it is told again if its tier is still reached' }),
    requires_ack: z.boolean(),
    fired_at: instant,
    acknowledged_at: instant.nullable(),
    acknowledged_by: z.string().nullable(),
    acknowledge_reason: z.string().nullable(),
    is_synthetic: z.boolean(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof alert>;
