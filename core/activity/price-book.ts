import { comparedName } from './model-name.ts';
import { type CompiledPrice, compilePrice, type Price, type PriceRates } from './price.ts';

/** Which model names a price is for; compared in lower case. */
export type ModelMatch =
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string }
  | { or: ModelMatch[] }
  | { and: ModelMatch[] };

/** One price in a book. It holds from `effective_from` until just before `effective_until` (ms since 1970). */
export interface PriceRow {
  price: Price;
  match: ModelMatch;
  /** Most tokens of input and output together; null when not known. */
  context_window: number | null;
  /** Most output tokens of one answer; null when not known. */
  max_output_tokens: number | null;
  effective_from: number | null;
  effective_until: number | null;
}

/** What a book says of one model. */
export interface PricedModel {
  price: CompiledPrice;
  context_window: number | null;
  max_output_tokens: number | null;
}

/** The prices in force at one instant. Build the next book at `valid_until`, when a price starts or ends. */
export interface PriceBook {
  readonly version: string;
  readonly at: number;
  readonly valid_until: number | null;
  readonly rows: readonly PriceRow[];
  readonly find: (provider: string, model: string) => PricedModel | null;
}

/**
 * A book of the rows in force at `at`. Within a provider the first matching row wins, a later `effective_from` before
 * an earlier one. What the rows do not have is looked up at the providers of `fallbacks` and then in `base`: so a
 * tenant's own prices are a small book on top of the packaged one and win over it.
 */
export function priceBook(from: {
  version: string;
  at: number;
  rows: readonly PriceRow[];
  fallbacks?: Readonly<Record<string, readonly string[]>>;
  base?: PriceBook;
}): PriceBook {
  const { version, at, fallbacks = {}, base } = from;
  const rows = from.rows
    .filter((row) => (row.effective_from ?? -Infinity) <= at && at < (row.effective_until ?? Infinity))
    .sort((a, b) => (b.effective_from ?? 0) - (a.effective_from ?? 0));
  const changes = from.rows
    .flatMap((row) => [row.effective_from, row.effective_until])
    .concat(base?.valid_until ?? null)
    .filter((instant) => instant !== null)
    .filter((instant) => instant > at);

  const by_provider = new Map<string, PriceRow[]>();
  for (const row of rows) {
    const name = providerName(row.price.provider);
    const own = by_provider.get(name);
    if (own) own.push(row);
    else by_provider.set(name, [row]);
  }
  const indexes = new Map([...by_provider].map(([provider, own]) => [provider, indexOf(own)]));

  const inBook = (provider: string, model: string): PriceRow | undefined => {
    for (const name of [provider, ...(fallbacks[provider] ?? [])]) {
      const row = rowOf(indexes.get(name), model);
      if (row) return row;
    }
    return undefined;
  };
  const find = remembered((provider, model) => {
    const row = inBook(provider, model) ?? inBook(provider, withDashedDate(model));
    if (!row) return base?.find(provider, model) ?? null;
    const { context_window, max_output_tokens } = row;
    return { price: compilePrice(row.price), context_window, max_output_tokens };
  });
  return { version, at, valid_until: changes.length > 0 ? Math.min(...changes) : null, rows, find };
}

/** The price of a model, or null: an unknown price is a value of its own, never zero. */
export function findPrice(book: PriceBook, provider: string, model: string): CompiledPrice | null {
  return book.find(provider, model)?.price ?? null;
}

const mock_rates = {
  small: { input: '0.15', cached_input: '0.075', output: '0.6' },
  large: { input: '2.5', cached_input: '1.25', output: '10' },
  expensive: { input: '150', cached_input: '75', output: '600' },
  embedding: { input: '0.02' },
} satisfies Record<string, PriceRates>;

const mock_models: Record<string, PriceRates> = {
  'mock-small': mock_rates.small,
  'mock-large': mock_rates.large,
  'mock-expensive': mock_rates.expensive,
  'mock-embedding': mock_rates.embedding,
  'mock-slow': mock_rates.small,
  'mock-loop': mock_rates.small,
  'mock-pii': mock_rates.small,
  'mock-ungrounded': mock_rates.small,
  'mock-error-500': mock_rates.small,
  'mock-rate-limited': mock_rates.small,
  'mock-stream-cut': mock_rates.small,
};

/** Prices of the built-in provider `mock`; its `mock-unknown-price` has none on purpose. */
export function mockPrices(): PriceRow[] {
  return Object.entries(mock_models).map(([model, rates]) => ({
    price: {
      id: `mock/${model}`,
      version: 'mock@1',
      provider: 'mock',
      model,
      tiers: [{ above_input_tokens: 0, rates }],
    },
    match: { equals: model },
    context_window: 128_000,
    max_output_tokens: model === 'mock-embedding' ? null : 16_384,
    effective_from: null,
    effective_until: null,
  }));
}

/** Other names under which providers are configured. */
const provider_aliases: Record<string, string> = {
  xai: 'x-ai',
  grok: 'x-ai',
  gemini: 'google',
  vertex: 'google',
  'google-vertex': 'google',
  bedrock: 'aws',
  'azure-openai': 'azure',
  moonshot: 'moonshotai',
  'together-ai': 'together',
  together_ai: 'together',
};

function providerName(provider: string): string {
  const name = provider.trim().toLowerCase();
  return provider_aliases[name] ?? name;
}

interface ProviderIndex {
  rows: readonly PriceRow[];
  /** Exact name → position of the first row that names it. */
  exact: Map<string, number>;
  /** Everything that is not an exact name, by rising position. */
  patterns: { position: number; matches: (model: string) => boolean }[];
}

function indexOf(rows: readonly PriceRow[]): ProviderIndex {
  const index: ProviderIndex = { rows, exact: new Map(), patterns: [] };
  const add = (match: ModelMatch, position: number): void => {
    if ('or' in match) for (const one of match.or) add(one, position);
    else if ('equals' in match) {
      const name = match.equals.toLowerCase();
      if (!index.exact.has(name)) index.exact.set(name, position);
    } else index.patterns.push({ position, matches: predicate(match) });
  };
  for (const [position, row] of rows.entries()) add(row.match, position);
  return index;
}

function rowOf(index: ProviderIndex | undefined, model: string): PriceRow | undefined {
  if (!index) return undefined;
  const exact = index.exact.get(model) ?? index.rows.length;
  const pattern = index.patterns.find(({ position, matches }) => position >= exact || matches(model));
  return index.rows[Math.min(exact, pattern?.position ?? exact)];
}

function predicate(match: ModelMatch): (model: string) => boolean {
  if ('equals' in match) return (model) => model === match.equals.toLowerCase();
  if ('starts_with' in match) return (model) => model.startsWith(match.starts_with.toLowerCase());
  if ('ends_with' in match) return (model) => model.endsWith(match.ends_with.toLowerCase());
  if ('contains' in match) return (model) => model.includes(match.contains.toLowerCase());
  if ('regex' in match) {
    const pattern = new RegExp(match.regex);
    return (model) => pattern.test(model);
  }
  const parts = ('or' in match ? match.or : match.and).map(predicate);
  return 'or' in match ? (model) => parts.some((part) => part(model)) : (model) => parts.every((part) => part(model));
}

/** `…-20250514` → `…-2025-05-14`: some providers write the date of a model without dashes. */
const withDashedDate = (model: string): string =>
  model.replace(/-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, '-$1-$2-$3');

const longest_model_name = 200;
/** Names come from callers, so what is remembered has an end. */
const most_remembered = 5_000;

function remembered(
  find: (provider: string, model: string) => PricedModel | null,
): (provider: string, model: string) => PricedModel | null {
  const known = new Map<string, PricedModel | null>();
  return (provider, model) => {
    if (model.length > longest_model_name) return null;
    const key = `${provider}\n${model}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = find(providerName(provider), comparedName(model));
    if (known.size >= most_remembered) known.clear();
    known.set(key, found);
    return found;
  };
}
