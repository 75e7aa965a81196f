import type { PriceBook } from '@aos/core/activity/price-book.ts';
import { present } from '@aos/core/base/assert.ts';
import { nearest } from '@aos/core/base/nearest.ts';
import type { Other, PolicyFinding } from '@aos/core/policies/beside.ts';
import { type CheckFacts, findingsOf } from '@aos/core/policies/check.ts';
import type { Exposure } from '@aos/core/policies/exposure.ts';
import type { PolicyDocument } from '@aos/core/policies/policy.ts';
import type { Tx } from '../base/database.ts';
import { tenantPrices } from '../govern/prices.ts';
import { knownChannels } from '../store/channels.ts';
import { allPrices, allProviders, type ProviderRow } from '../store/control-read.ts';
import { type KnownName, knownNames, slugsInUse } from '../store/policy-names.ts';

/**
 * What is known of the names in each of these policies, by what the tenant's names, providers and prices are now;
 * `others`: policies in force that they are held against.
 */
export async function factsFor(
  tx: Tx,
  tenant_id: string,
  documents: readonly PolicyDocument[],
  at_ms: number,
  others: readonly Other[] = [],
): Promise<CheckFacts[]> {
  const known = await knownNames(
    tx,
    documents.flatMap(({ target }) => [...target.ids, ...target.except_ids]),
  );
  const providers = await allProviders(tx);
  const prices = tenantPrices(tenant_id, await allPrices(tx), at_ms);
  const channels = await knownChannels(tx);
  const slugs = await similarNames(tx, documents, known);
  return documents.map(({ target }) => {
    const { kind, ids, except_ids, when } = target;
    const isKnown = (name: string, of?: KnownName['kind']) =>
      known.some((one) => one.name === name && (!of || one.kind === of));
    const unknown_providers = new Set(when?.provider?.filter((name) => !providers.some(({ slug }) => slug === name)));
    const near = (names: Iterable<string>, among: readonly string[]) =>
      [...names].flatMap((name) => {
        const choice = nearest(name, among);
        return choice === null ? [] : [[name, choice] as const];
      });
    const providers_known = providers.map(({ slug }) => slug);
    return {
      at_ms,
      others,
      nearest: new Map([
        ...near(kind === 'all_runs' ? [] : ids, slugs.get(kind) ?? []),
        ...near(except_ids, [...slugs.values()].flat()),
        ...near(unknown_providers, providers_known),
      ]),
      unseen_ids: new Set(kind === 'all_runs' ? [] : ids.filter((id) => !isKnown(id, kind))),
      unseen_exceptions: new Set(except_ids.filter((id) => !isKnown(id))),
      not_human_ids: kind === 'actor' ? notHuman(known) : new Set(),
      unpriced_models: new Set(
        when?.model?.filter((name) => !name.endsWith('*') && !hasPrice(name, prices, providers)),
      ),
      unknown_providers,
      channels,
    };
  });
}

/** What speaks against one policy. */
export async function checkOne(
  tx: Tx,
  tenant_id: string,
  document: PolicyDocument,
  at_ms: number,
  others: readonly Other[] = [],
  exposure?: Exposure,
): Promise<PolicyFinding[]> {
  const [facts] = await factsFor(tx, tenant_id, [document], at_ms, others);
  return findingsOf(document, { ...present(facts, 'the facts of a policy'), ...(exposure && { exposure }) });
}

/** Names of the kinds in which something unknown is named, to find the one that was meant. */
async function similarNames(
  tx: Tx,
  documents: readonly PolicyDocument[],
  known: readonly KnownName[],
): Promise<Map<string, string[]>> {
  const is_known = new Set(known.map(({ name }) => name));
  const unknown = documents.some(({ target }) => [...target.ids, ...target.except_ids].some((id) => !is_known.has(id)));
  const found = new Map<string, string[]>();
  for (const { kind, slug } of unknown ? await slugsInUse(tx) : []) found.set(kind, [...(found.get(kind) ?? []), slug]);
  return found;
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
