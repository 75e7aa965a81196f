import { observed } from '@aos/core/activity/signal-look.ts';
import { forecast_breach, forecast_hours } from '@aos/core/activity/signals/forecast-breach.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { least_used, runsOut } from '@aos/core/policies/alert.ts';
import { gaugeOf } from '@aos/core/policies/gauge.ts';
import type { Source } from './define.ts';
import { type Standing, standingsFrom } from './limit-standing.ts';

export const forecastBreaches: Source = async (look) => {
  const { standings, is_all } = await standingsFrom(look, () => least_used);
  const breaches = standings.flatMap((standing) => {
    const { of, subject, facts, concerned } = standing;
    const empties_at = emptiesAt(standing, look.at_ms);
    if (empties_at === null) return [];
    return observed(forecast_breach, `${of.control.id} ${subject}`, { ...facts, empties_at }, concerned);
  });
  return { observed: breaches, is_all };
};

/** By the gauge that people see, and by the rule that alerts are told by. */
function emptiesAt({ of, subject, posted, pending, max }: Standing, at_ms: number): string | null {
  const { control, policy, limit } = of;
  const exceptions = { control_id: control.id, overrides: policy.overrides ?? [] };
  const { empties_at } = gaugeOf(limit, { subject, posted, pending }, at_ms, exceptions);
  const empties_at_ms = empties_at === null ? null : epochMs(empties_at);
  return runsOut({ used: posted + pending, max, empties_at_ms }, forecast_hours, at_ms) ? empties_at : null;
}
