import { findPrice } from '@aos/core/activity/price-book.ts';
import { observed } from '@aos/core/activity/signal-look.ts';
import { unknown_price, unpriced } from '@aos/core/activity/signals/unknown-price.ts';
import type { TenantControl } from '../../govern/control.ts';
import { unpricedModels } from '../../store/signal-sources.ts';
import type { Source } from './define.ts';

export const unknownPrices: Source = async ({ tx, control, at_ms, most }) => {
  const rows = await unpricedModels(tx, { since_ms: at_ms - unpriced.span_ms, most }, unpriced.calls);
  const without = rows
    .filter(({ provider, model }) => !hasPrice(control, provider, model))
    .map(({ project_id, is_synthetic, ...facts }) =>
      observed(unknown_price, `${project_id} ${facts.provider}/${facts.model}`, facts, { project_id, is_synthetic }),
    );
  return { observed: without, is_all: rows.length < most && rows.every(({ is_all }) => is_all) };
};

/** By now: under the name of the provider, or of its kind. */
function hasPrice({ prices, providers }: TenantControl, provider: string, model: string): boolean {
  const kind = providers.find(({ slug }) => slug === provider)?.kind ?? provider;
  return [provider, kind].some((book) => findPrice(prices, book, model) !== null);
}
