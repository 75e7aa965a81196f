import { useApi } from '../../api.ts';
import { fillOf, type Gauge, gaugesOf, isOfRuns, type Limit } from '../../parts/gauge.ts';

/** One balance of one limit, with whom its policy is for. */
export interface LimitLine {
  key: string;
  limit: Limit;
  gauge: Gauge;
  share: number;
  target: string;
  /** How many more balances of the same limit there are that are not listed, `9` or `more than 9`; null: none. */
  others: string | null;
}

interface Target {
  kind: string;
  ids?: readonly string[];
}

const targetWords = (target: Target | undefined): string => {
  if (target === undefined) return '';
  if (target.kind === 'all_runs') return 'all runs';
  const [first = '', ...rest] = target.ids ?? [];
  const kind = target.kind.replace('api_key', 'key').replace('actor', 'human');
  return `${kind} ${first}${rest.length > 0 ? ` +${rest.length}` : ''}`;
};

/** Runs and sessions come and go: of their newest balances the fullest stands for all. */
function shownOf(limit: Limit): { gauge: Gauge; others: string | null }[] {
  const gauges = gaugesOf(limit);
  if (!isOfRuns(limit)) return gauges.map((gauge) => ({ gauge, others: null }));
  const [fullest, ...rest] = [...gauges].sort((a, b) => Number(a.remaining) - Number(b.remaining));
  const more = limit.next_cursor === null ? '' : 'more than ';
  return fullest ? [{ gauge: fullest, others: rest.length > 0 ? `${more}${rest.length}` : null }] : [];
}

export const active_limits = { status: 'active', limit: 200 };

/** Every balance of every limit in force, the fullest first. */
export function useLimitLines() {
  const limits = useApi('listLimits', { query: active_limits });
  const policies = useApi('listPolicies', { query: { status: 'active', limit: 200 } }, { staleTime: 10_000 });
  const targets = new Map((policies.data?.items ?? []).map(({ id, target }) => [id, target as Target]));
  const lines = (limits.data?.items ?? []).flatMap((limit) =>
    shownOf(limit).map(({ gauge, others }): LimitLine => {
      const { used, held } = fillOf(gauge, limit);
      const target = targetWords(targets.get(limit.policy_id));
      return { key: `${limit.id} ${gauge.subject}`, limit, gauge, share: used + held, target, others };
    }),
  );
  return { ...limits, lines: lines.sort((a, b) => b.share - a.share) };
}
