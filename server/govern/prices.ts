import { packagedBook } from '@aos/core/activity/packaged-prices.ts';
import { mockPrices, type PriceBook, priceBook } from '@aos/core/activity/price-book.ts';
import { epochMs } from '@aos/core/base/time.ts';
import type { PriceEntryRow } from '../store/control-read.ts';

let packaged: PriceBook | undefined;

/** The packaged prices in force, built again when one of them starts or ends. */
export function packagedAt(at_ms: number): PriceBook {
  const is_current = packaged && at_ms >= packaged.at && at_ms < (packaged.valid_until ?? Infinity);
  if (!packaged || !is_current) packaged = packagedBook(at_ms, mockPrices());
  return packaged;
}

/** A tenant's own prices on top of the packaged ones: the newest version of each model in force wins. */
export function tenantPrices(tenant_id: string, entries: readonly PriceEntryRow[], at_ms: number): PriceBook {
  const base = packagedAt(at_ms);
  if (entries.length === 0) return base;
  const rows = entries.map((entry) => ({
    price: {
      id: entry.id,
      version: String(entry.version),
      provider: entry.provider,
      model: entry.model,
      tiers: entry.tiers,
      ...(entry.per_request_usd !== null && { per_request_usd: entry.per_request_usd }),
      ...(entry.per_web_search_usd !== null && { per_web_search_usd: entry.per_web_search_usd }),
    },
    match: { equals: entry.model },
    context_window: null,
    max_output_tokens: null,
    effective_from: epochMs(entry.effective_from),
    effective_until: null,
  }));
  return priceBook({ version: `${tenant_id} ${entries.length}`, at: at_ms, rows, base });
}
