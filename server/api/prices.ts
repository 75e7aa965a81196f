import { namedBy } from '@aos/core/activity/named.ts';
import { packaged_version } from '@aos/core/activity/packaged-prices.ts';
import type { PriceRow as BookRow } from '@aos/core/activity/price-book.ts';
import { type PriceEntry, tiersOf } from '@aos/core/activity/price-entry.ts';
import type { access_endpoints } from '@aos/core/api/access.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { packagedAt } from '../govern/prices.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { totalOf } from '../store/list.ts';
import { insertPrice, ownPrices, type PriceRow } from '../store/prices.ts';
import { inControl, inTenant, nowText, record } from './change.ts';
import { refuseProjectKey } from './project-reach.ts';

/** How long before now a price may begin: the way of the request. */
const slack_ms = 60_000;

export const price_handlers: Handlers<Pick<typeof access_endpoints, 'createPrice' | 'listPrices'>> = {
  createPrice: ({ body }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Setting a price');
      const now_ms = context.deps.clock.now();
      const { effective_from = instantText(now_ms) } = body;
      if (epochMs(effective_from) < now_ms - slack_ms) {
        throw new Problem(
          'invalid_body',
          'The body cannot be read: effective_from has passed, and what was charged stays charged. Leave it out for now.',
        );
      }
      const row = await insertPrice(tx, context.identity.tenant_id, {
        id: context.deps.makeId('price'),
        provider: body.provider.toLowerCase(),
        model: body.model,
        tiers: tiersOf(body),
        per_request_usd: body.per_request_usd ?? null,
        per_web_search_usd: body.per_web_search_usd ?? null,
        source: 'manual',
        effective_from,
        created_by: context.identity.api_key.id,
        reason: body.reason,
        created_at: nowText(context),
      });
      await record(tx, context, {
        event: 'PRICE_CREATED',
        object_type: 'price',
        object_id: row.id,
        before: null,
        after: row,
        reason: body.reason,
      });
      const in_force = inForce(await ownPrices(tx), now_ms);
      return ownEntry(context, row, in_force);
    }),

  listPrices: async ({ query }, context) => {
    const now_ms = context.deps.clock.now();
    const own = await inTenant(context, ownPrices);
    const in_force = inForce(own, now_ms);
    const overridden = new Set(own.filter(({ id }) => in_force.has(id)).map(nameOf));
    const all = [
      ...own.map((row) => ownEntry(context, row, in_force)),
      ...packagedAt(now_ms)
        .rows.map((row) => bookEntry(context, row, overridden))
        .sort(byName),
    ].filter(({ provider, model }) => isNamed(query.provider, provider) && isNamed(query.model, model));
    const start = query.cursor === undefined ? 0 : afterCursor(all, query.cursor);
    const items = all.slice(start, start + query.limit);
    const is_last = start + query.limit >= all.length;
    return {
      items,
      next_cursor: is_last ? null : cursorFor(items.at(-1)),
      ...totalOf(all.length),
      generated_at: instantText(now_ms),
    };
  },
};

/** Whether a filter with these values lists what has this name. */
function isNamed(values: string[] | undefined, name: string): boolean {
  const { some, none } = namedBy(values ?? []);
  return (some?.includes(name) ?? true) && !none?.includes(name);
}

const nameOf = ({ provider, model }: { provider: string; model: string }): string =>
  `${provider}/${model}`.toLowerCase();

/** Of each model the newest of the latest prices that have begun, as the gateway charges them. */
function inForce(own: readonly PriceRow[], now_ms: number): Set<string> {
  const latest = new Map<string, PriceRow>();
  for (const row of own) {
    if (epochMs(row.effective_from) > now_ms) continue;
    const known = latest.get(nameOf(row));
    const from_ms = epochMs(row.effective_from);
    if (!known || from_ms > epochMs(known.effective_from)) latest.set(nameOf(row), row);
  }
  return new Set([...latest.values()].map(({ id }) => id));
}

const byName = (a: PriceEntry, b: PriceEntry): number => (nameOf(a) < nameOf(b) ? -1 : 1);

const pageUrl = ({ deps }: Context): string => `${deps.config.public_url}/settings/prices`;

const ownEntry = (context: Context, row: PriceRow, in_force: ReadonlySet<string>): PriceEntry => ({
  ...row,
  per_request_usd: row.per_request_usd ?? undefined,
  per_web_search_usd: row.per_web_search_usd ?? undefined,
  version: String(row.version),
  in_force: in_force.has(row.id),
  url: pageUrl(context),
});

const bookEntry = (
  context: Context,
  { price, effective_from }: BookRow,
  overridden: ReadonlySet<string>,
): PriceEntry => ({
  ...price,
  source: price.version === packaged_version ? packaged_version : 'built-in',
  in_force: !overridden.has(nameOf(price)),
  effective_from: effective_from === null ? null : instantText(effective_from),
  created_by: null,
  reason: null,
  created_at: null,
  url: pageUrl(context),
});

const cursorFor = (entry: PriceEntry | undefined): string | null =>
  entry ? Buffer.from(JSON.stringify([entry.source, entry.id])).toString('base64url') : null;

/** The place after the entry that a cursor names. Nothing leaves this list while a page is turned. */
function afterCursor(all: readonly PriceEntry[], cursor: string): number {
  const at = all.findIndex((entry) => cursorFor(entry) === cursor);
  if (at >= 0) return at + 1;
  throw new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of this list. Send next_cursor of the page before, or none for the first page.',
  );
}
