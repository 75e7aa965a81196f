import { useApi } from '../api.ts';
import { Meter } from '../ui/Meter.tsx';
import { fillOf, gaugesOf } from './gauge.ts';

/** How full the fullest limit of each policy in force is, by the id of the policy; those without a limit are not in it. */
export function useFullness(): ReadonlyMap<string, number> {
  const limits = useApi('listLimits', { query: { status: 'active', limit: 200 } });
  const fullness = new Map<string, number>();
  for (const limit of limits.data?.items ?? [])
    for (const gauge of gaugesOf(limit)) {
      const { used, held } = fillOf(gauge, limit);
      fullness.set(limit.policy_id, Math.max(fullness.get(limit.policy_id) ?? 0, used + held));
    }
  return fullness;
}

/** The same as a bar; undefined: there is no limit. */
export function Fullness({ of, label }: { of: number | undefined; label: string }) {
  if (of === undefined) return <span className="faint">–</span>;
  return <Meter used={of} tone={of >= 1 ? 'crit' : of >= 0.9 ? 'warn' : 'info'} label={label} />;
}
