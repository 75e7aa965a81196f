import { epochMs, instantText } from '@aos/core/base/time.ts';
import { markOf, tiersOf } from '@aos/core/policies/alert.ts';
import { channelsOf, tellableAt } from '@aos/core/policies/alert-settings.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import type { Tx } from '../base/database.ts';
import { type Reached, repeatAt, repeatedDeliveries } from '../govern/alerts.ts';
import { policiesIn } from '../govern/control.ts';
import type { Govern } from '../govern/govern.ts';
import { type AlertRow, alertsToRepeat, takeRepeat } from '../store/alerts.ts';
import { insertDeliveries, type NewDelivery } from '../store/deliveries.ts';
import { presentBalances } from '../store/limits.ts';
import { type CountedLimit, countedLimits, maxOf } from './counted-limits.ts';
import { forEachTenant, type Job } from './define.ts';

/** Tiers that are still reached are told again where their policy asks for it; the record of each stays the one it was. */
export const repeat_alerts: Job = { name: 'repeat-alerts', every_ms: 5_000, run: forEachTenant(repeatAlerts) };

/** Alerts that one look takes in; the next look takes the next ones. */
const most = 200;

async function repeatAlerts(govern: Govern, tenant_id: string): Promise<void> {
  const at_ms = govern.clock.now();
  const due = await govern.db.tenant(tenant_id, (tx) => alertsToRepeat(tx, instantText(at_ms), most));
  if (due.length === 0) return;
  const limits = countedLimits(policiesIn(await govern.controls.of(tenant_id)), at_ms);
  const by_control = new Map(limits.map((of) => [of.control.id, of]));
  await govern.db.tenant(tenant_id, async (tx) => {
    const deliveries: NewDelivery[] = [];
    for (const told of due)
      deliveries.push(...(await repeated(govern, tx, told, by_control.get(told.control_id), at_ms)));
    await insertDeliveries(tx, deliveries);
  });
}

/** Nothing, where the tier is not reached now, or another process tells it. */
async function repeated(
  govern: Govern,
  tx: Tx,
  told: AlertRow,
  of: CountedLimit | undefined,
  at_ms: number,
): Promise<NewDelivery[]> {
  if (!of || !mayRepeat(of, told, at_ms)) {
    await takeRepeat(tx, told, { told: false, next: null });
    return [];
  }
  const { subject, tier } = told;
  const ask = { control_id: told.control_id, window: countedOver(of.limit), at_ms, subject, limit: 1 };
  const [balance] = await presentBalances(tx, ask);
  const { posted, pending } = balance ?? { posted: 0n, pending: 0n };
  const reached: Reached = { ...of, subject, max: maxOf(of, subject, at_ms), posted, pending };
  const is_reached = posted + pending >= markOf(tier ?? 0, reached.max);
  const tell_ms = tellableAt(of.control.alerts, tier, at_ms);
  const now: AlertRow = { ...told, channels: [...channelsOf(of.control.alerts, tier)] };
  const next = repeatAt(of.control, now, tell_ms);
  if (!(await takeRepeat(tx, told, { told: is_reached, next }))) return [];
  return is_reached
    ? repeatedDeliveries(govern, now, reached, { at: instantText(at_ms), due_at: instantText(tell_ms) })
    : [];
}

/** Its window goes on, and the policy in force still has the tier and still tells of it. */
const mayRepeat = ({ policy, control }: CountedLimit, { window_end, tier, mode }: AlertRow, at_ms: number): boolean =>
  (window_end === null || epochMs(window_end) > at_ms) &&
  policy.mode === mode &&
  tier !== null &&
  tiersOf(control).includes(tier);
