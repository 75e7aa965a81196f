import type { Item } from '../api.ts';

export type Limit = Item<'listLimits'>;
export type Gauge = Limit['items'][number];

/** How full one balance is, as shares of what is allowed now. Only the drawing is computed here, never an amount. */
export interface Fill {
  used: number;
  held: number;
  tone: 'info' | 'warn' | 'crit' | 'shadow';
}

export function fillOf(
  gauge: Pick<Gauge, 'posted' | 'pending' | 'cap'>,
  limit: Pick<Limit, 'mode' | 'alert_tiers'>,
): Fill {
  const cap = Number(gauge.cap);
  // Of a limit of nothing, nothing is left.
  const [used, held] = cap > 0 ? [Number(gauge.posted) / cap, Number(gauge.pending) / cap] : [1, 0];
  return { used, held, tone: toneOf(used + held, limit) };
}

function toneOf(share: number, { mode, alert_tiers }: Pick<Limit, 'mode' | 'alert_tiers'>): Fill['tone'] {
  if (mode === 'shadow') return 'shadow';
  if (share >= 1) return 'crit';
  return share * 100 >= Math.max(70, ...alert_tiers) || share >= 0.9 ? 'warn' : 'info';
}

/** A limit's gauges: its one balance, or one for each subject. */
export function gaugesOf(limit: Limit): Gauge[] {
  if (limit.posted === null || limit.pending === null) return limit.items;
  const { posted, pending, subject, remaining } = limit;
  return [{ ...limit, subject: subject ?? '*', posted, pending, remaining: remaining ?? 0 }];
}

/** Whether its balances are of single runs or sessions, which come and go. */
export function isOfRuns({ count_per, limit }: Pick<Limit, 'count_per' | 'limit'>): boolean {
  const { per } = (limit as { window?: { per?: string } }).window ?? {};
  return [count_per, per].some((of) => of === 'run' || of === 'session');
}

/** How full it will be when its window ends, if it is used as now; undefined: it has no end, or is not used. */
export function forecastOf({ posted, cap, burn, resets_at }: Gauge, now_ms: number): number | undefined {
  const left_minutes = resets_at === null ? 0 : (Date.parse(resets_at) - now_ms) / 60_000;
  if (burn === null || Number(burn) <= 0 || Number(cap) <= 0 || left_minutes <= 0) return undefined;
  return (Number(posted) + Number(burn) * left_minutes) / Number(cap);
}
