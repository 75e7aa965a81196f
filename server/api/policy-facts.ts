import type { PriceBook } from '@aos/core/activity/price-book.ts';
import { type Checked, checkPolicy } from '@aos/core/policies/check.ts';
import type { StoredDocument } from '@aos/core/policies/policy.ts';
import type { Tx } from '../base/database.ts';
import { tenantPrices } from '../govern/prices.ts';
import { allPrices, allProviders, type ProviderRow } from '../store/control-read.ts';
import { type KnownName, knownNames } from '../store/policy-names.ts';

/** What speaks against each of these policies, by what the tenant's names, providers and prices are now. */
export async function checkAll(
  tx: Tx,
  tenant_id: string,
  documents: readonly StoredDocument[],
  at_ms: number,
): Promise<Checked[]> {
  const known = await knownNames(
    tx,
    documents.flatMap(({ target }) => [...target.ids, ...target.except_ids]),
  );
  const providers = await allProviders(tx);
  const prices = tenantPrices(tenant_id, await allPrices(tx), at_ms);
  return documents.map((document) => {
    const { kind, ids, except_ids, when } = document.target;
    const isKnown = (name: string, of?: KnownName['kind']) =>
      known.some((one) => one.name === name && (!of || one.kind === of));
    return checkPolicy(document, {
      at_ms,
      unseen_ids: new Set(kind === 'all_runs' ? [] : ids.filter((id) => !isKnown(id, kind))),
      unseen_exceptions: new Set(except_ids.filter((id) => !isKnown(id))),
      not_human_ids: kind === 'actor' ? notHuman(known) : new Set(),
      unpriced_models: new Set(
        when?.model?.filter((name) => !name.endsWith('*') && !hasPrice(name, prices, providers)),
      ),
      unknown_providers: new Set(when?.provider?.filter((name) => !providers.some(({ slug }) => slug === name))),
    });
  });
}

const notHuman = (known: readonly KnownName[]): Set<string> =>
  new Set(known.filter(({ kind, actor_kind }) => kind === 'actor' && actor_kind !== 'human').map(({ name }) => name));

/** Kinds of provider whose models have prices before a provider of that kind is configured. */
const packaged_kinds = ['openai', 'anthropic', 'mock'];

/** `model` at any provider, or `provider/model`. */
function hasPrice(name: string, prices: PriceBook, providers: readonly ProviderRow[]): boolean {
  const books = new Set([...packaged_kinds, ...providers.flatMap(({ slug, kind }) => [slug, kind])]);
  const [first = '', ...rest] = name.split('/');
  const named = providers.filter(({ slug }) => slug === first).flatMap(({ slug, kind }) => [slug, kind]);
  const finds = (of: Iterable<string>, model: string) => [...of].some((book) => prices.find(book, model) !== null);
  return finds(books, name) || (rest.length > 0 && finds(named.length > 0 ? named : [first], rest.join('/')));
}
