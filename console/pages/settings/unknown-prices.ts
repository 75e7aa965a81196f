import { namedBy } from '@aos/core/activity/named.ts';
import { useMemo } from 'react';
import { type Item, useApi } from '../../api.ts';
import { exactText } from '../../ui/format.ts';
import { useUrlFilters } from '../../url-state.ts';

type Price = Item<'listPrices'>;

interface Unpriced {
  provider: string;
  model: string;
  calls: number;
}

const month_ms = 30 * 86_400_000;
const hour_ms = 3_600_000;

/** Models that were called in the last month at an unknown price: those that still have none, and those that have one now. */
export function useUnpriced(): { unknown: Unpriced[]; priced: Unpriced[] } {
  const from = new Date(Math.floor((Date.now() - month_ms) / hour_ms) * hour_ms).toISOString();
  const metrics = useApi('getMetrics', { query: { from, is_synthetic: 'all' } }, { staleTime: 60_000 });
  const all = (metrics.data?.by_model ?? []).flatMap(({ provider, model, unpriced_calls }): Unpriced[] =>
    Number(unpriced_calls) > 0 && model !== null
      ? [{ provider: provider ?? '', model, calls: Number(unpriced_calls) }]
      : [],
  );
  const models = [...new Set(all.map(({ model }) => model))].slice(0, 50);
  const prices = useApi('listPrices', { query: { model: models, limit: 200 } }, { enabled: models.length > 0 });
  const providers = useApi('listProviders', { query: { limit: 200 } }, { enabled: models.length > 0 });
  const kinds = new Map((providers.data?.items ?? []).map(({ slug, kind }) => [slug, kind as string]));
  // A price is of one provider, or of all providers of a kind.
  const hasPrice = (of: Unpriced) =>
    (prices.data?.items ?? []).some(
      (price) =>
        price.in_force && price.model === of.model && [of.provider, kinds.get(of.provider)].includes(price.provider),
    );
  if (models.length > 0 && !prices.data) return { unknown: [], priced: [] };
  return { unknown: all.filter((of) => !hasPrice(of)), priced: all.filter(hasPrice) };
}

const unknown_id = 'unknown ';

/** A row for a model without a price. */
export const isUnknown = ({ id }: Price): boolean => id.startsWith(unknown_id);

/** The prices, behind a row for each model that is called and has none, as far as the filters let it through. */
export function useWithUnknown(rows: readonly Price[]): readonly Price[] {
  const { unknown } = useUnpriced();
  const [filters] = useUrlFilters(['model', 'provider']);
  const written = JSON.stringify([unknown, filters]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same texts are the same rows
  return useMemo(() => {
    const lets = (values: readonly string[] = [], is: string) => {
      const { some, none } = namedBy(values);
      return (some?.includes(is) ?? true) && !none?.includes(is);
    };
    const shown = unknown.filter((of) => lets(filters.model, of.model) && lets(filters.provider, of.provider));
    return [...shown.map(rowOf), ...rows];
  }, [rows, written]);
}

const rowOf = ({ provider, model, calls }: Unpriced): Price => ({
  ...{ id: `${unknown_id}${provider} ${model}`, provider, model, version: '', tiers: [], url: '' },
  source: `${exactText(calls)} ${calls === 1 ? 'call' : 'calls'} in 30 days`,
  ...{ in_force: false, effective_from: null, created_by: null, reason: null, created_at: null },
});
