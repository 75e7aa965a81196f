import { epochMs, instantText } from '@aos/core/base/time.ts';
import { alertWindow, markOf, runsOut, tiersOf } from '@aos/core/policies/alert.ts';
import { gaugeOf } from '@aos/core/policies/gauge.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import { type DueAlert, forecastAlert, no_cause, type Reached, tierAlert, writeAlerts } from '../govern/alerts.ts';
import { policiesIn } from '../govern/control.ts';
import type { Govern } from '../govern/govern.ts';
import { forecastsTold, type Mark, untoldMarks } from '../store/alerts.ts';
import { presentBalances, windowsAt } from '../store/limits.ts';
import { type CountedLimit, countedLimits, maxOf } from './counted-limits.ts';
import { forEachTenant, type Job } from './define.ts';

/**
 * Alerts that no call brings about: a limit that was lowered below what is used, a provider that reported more than was
 * held, and limits that will be spent before their window ends.
 */
export const watch_limits: Job = { name: 'watch-limits', every_ms: 5_000, run: forEachTenant(watchLimits) };

/** Balances that one look takes in; the next look takes the next ones. */
const most = 500;

async function watchLimits(govern: Govern, tenant_id: string): Promise<void> {
  const at_ms = govern.clock.now();
  // Limits with alerts of their own.
  const watched = countedLimits(policiesIn(await govern.controls.of(tenant_id)), at_ms).filter(
    ({ control }) => control.alerts?.enabled,
  );
  const due = [
    ...(await lateTiers(govern, tenant_id, watched, at_ms)),
    ...(await forecasts(govern, tenant_id, watched, at_ms)),
  ];
  if (due.length > 0) await govern.db.tenant(tenant_id, (tx) => writeAlerts(tx, tenant_id, due));
}

async function lateTiers(
  govern: Govern,
  tenant_id: string,
  watched: readonly CountedLimit[],
  at_ms: number,
): Promise<DueAlert[]> {
  const marks = watched.flatMap((of) =>
    tiersOf(of.control).map((tier) => ({ of, tier, mark: markFor(of, tier, at_ms) })),
  );
  if (marks.length === 0) return [];
  const found = await govern.db.tenant(tenant_id, (tx) =>
    untoldMarks(
      tx,
      marks.map(({ mark }) => mark),
      most,
    ),
  );
  return found.flatMap(({ n, subject, posted, pending }) => {
    const at = marks[n];
    if (!at) return [];
    const max = maxOf(at.of, subject, at_ms);
    // An override may have raised what this subject may use.
    if (BigInt(posted) < markOf(at.tier, max)) return [];
    const reached: Reached = { ...at.of, subject, max, posted: BigInt(posted), pending: BigInt(pending) };
    return tierAlert(govern, tenant_id, reached, at.tier, no_cause, at_ms);
  });
}

function markFor({ control, limit, type }: CountedLimit, tier: number, at_ms: number): Mark {
  return {
    control_id: control.id,
    tier,
    mark: markOf(tier, type.cap(limit)),
    ...windowsAt(countedOver(limit), at_ms),
    alert_start: instantText(alertWindow(limit, at_ms).start_ms),
  };
}

async function forecasts(
  govern: Govern,
  tenant_id: string,
  watched: readonly CountedLimit[],
  at_ms: number,
): Promise<DueAlert[]> {
  const due: DueAlert[] = [];
  for (const of of watched) {
    const hours = of.control.alerts?.forecast_hours;
    if (hours === null || hours === undefined) continue;
    const { limit, control, policy } = of;
    const { balances, told } = await govern.db.tenant(tenant_id, async (tx) => ({
      balances: await presentBalances(tx, { control_id: control.id, window: countedOver(limit), at_ms, limit: most }),
      told: await forecastsTold(tx, control.id, instantText(alertWindow(limit, at_ms).start_ms)),
    }));
    for (const balance of balances.filter(({ subject }) => !told.has(subject))) {
      const { empties_at } = gaugeOf(limit, balance, at_ms, {
        control_id: control.id,
        overrides: policy.overrides ?? [],
      });
      const max = maxOf(of, balance.subject, at_ms);
      const used = balance.posted + balance.pending;
      const empties_at_ms = empties_at === null ? null : epochMs(empties_at);
      if (empties_at !== null && runsOut({ used, max, empties_at_ms }, hours, at_ms))
        due.push(forecastAlert(govern, tenant_id, { ...of, ...balance, max }, empties_at, at_ms));
    }
  }
  return due;
}
