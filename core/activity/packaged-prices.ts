import { findProvider, type ModelInfo, type ModelPrice } from '@pydantic/genai-prices';
import { ceilDiv } from '../base/money.ts';
import type { Price, PriceRates } from './price.ts';
import { type PriceBook, type PriceRow, priceBook } from './price-book.ts';

/**
 * The first price book: the data inside the package `@pydantic/genai-prices`, without its network updates. Importing
 * this file loads 0.8 MB of data: do it once and late.
 */
export const packaged_version = 'genai-prices@0.1.8';

/** Every provider of the package: it has no list of its own. */
const providers =
  'anthropic arcee avian aws azure baseten cerebras cloudflare cohere cursor deepseek doubleword fireworks github-copilot google groq huggingface_cerebras huggingface_fireworks-ai huggingface_groq huggingface_hyperbolic huggingface_nebius huggingface_novita huggingface_nscale huggingface_ovhcloud huggingface_publicai huggingface_sambanova huggingface_together minimax mistral modal moonshotai novita openai openrouter ovhcloud perplexity quicksilverpro together typesafe voyageai x-ai zai zhipuai'.split(
    ' ',
  );

/** The packaged prices in force at an instant (ms since 1970), as a book. */
export function packagedBook(at: number, extra: readonly PriceRow[] = []): PriceBook {
  const fallbacks: Record<string, readonly string[]> = {};
  for (const id of providers) {
    const others = findProvider({ providerId: id })?.fallback_model_providers;
    if (others) fallbacks[id] = others;
  }
  return priceBook({ version: packaged_version, at, rows: [...extra, ...packagedPrices(at)], fallbacks });
}

/**
 * One row per model that this system can bill: a model with a rate for something that no usage tells (generated
 * images, minutes, pages) or without any rate has no row, and so no price. What a caller must know: a price of the
 * package is for standard service (no batch, priority or fast tiers).
 */
export function packagedPrices(at: number): PriceRow[] {
  return providers.flatMap((provider) => {
    const models = findProvider({ providerId: provider })?.models ?? [];
    return models.flatMap((model) => rowOf(provider, model, at) ?? []);
  });
}

function rowOf(provider: string, model: ModelInfo, at: number): PriceRow | null {
  const { prices, label, from, until } = inForce(model.prices, at);
  const price = billable(model.id, prices) ? priceOf(model.id, prices) : null;
  if (!price) return null;
  const id = `${provider}/${model.id}${label ? `@${label}` : ''}`;
  return {
    price: { id, version: packaged_version, provider, model: model.id, ...price },
    match: model.match,
    context_window: model.context_window ?? null,
    max_output_tokens: null,
    effective_from: from,
    effective_until: until,
  };
}

const billed = {
  input: 'input_mtok',
  output: 'output_mtok',
  cached_input: 'cache_read_mtok',
  cache_write: 'cache_write_mtok',
  cache_write_1h: 'cache_write_1h_mtok',
  audio_input: 'input_audio_mtok',
  audio_output: 'output_audio_mtok',
} satisfies Record<keyof PriceRates, string>;

/** Rates that cannot make a call dearer than ours: cached audio costs the audio rate here, file searches no usage tells. */
const ignored = new Set(['cache_audio_read_mtok', 'storage_searches_kcount', 'requests_kcount', 'web_searches_kcount']);
/** Kinds of input that a usage counts as plain input. */
const blended = new Set(['input_image_mtok', 'cache_image_read_mtok', 'input_video_mtok']);
const known = new Set<string>(Object.values(billed));

function billable(model: string, prices: ModelPrice): boolean {
  if (prices.input_mtok === undefined) return false;
  if (/audio/.test(model) && prices.input_audio_mtok === undefined) return false;
  const only_reads = prices.output_mtok === undefined;
  return Object.entries(prices).every(([name, value]) => {
    if (known.has(name) || ignored.has(name)) return true;
    // A model that only reads is called with text alone here.
    return blended.has(name) && (only_reads || rateAt(value, Infinity) <= rateAt(prices.input_mtok, 0));
  });
}

type Rate = ModelPrice[string];

function priceOf(model: string, prices: ModelPrice): Pick<Price, 'tiers' | 'per_request_usd' | 'per_web_search_usd'> {
  const starts = new Set([0]);
  for (const value of Object.values(prices))
    if (typeof value === 'object') for (const tier of value.tiers) starts.add(tier.start);
  const { requests_kcount, web_searches_kcount } = prices;
  return {
    tiers: [...starts]
      .sort((a, b) => a - b)
      .map((above) => ({ above_input_tokens: above, rates: ratesOf(model, prices, above) })),
    ...(requests_kcount !== undefined && { per_request_usd: decimalText(rateAt(requests_kcount, Infinity), 1_000n) }),
    ...(web_searches_kcount !== undefined && {
      per_web_search_usd: decimalText(rateAt(web_searches_kcount, Infinity), 1_000n),
    }),
  };
}

/**
 * Where the package has no rate for a cache write of Claude (clouds and resellers), it is the one of Anthropic's own
 * table: 1.25 times the input for five minutes, twice the input for an hour
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing).
 */
function ratesOf(model: string, prices: ModelPrice, above: number): PriceRates {
  const input = rateAt(prices.input_mtok, above);
  const rates: PriceRates = { input: decimalText(input) };
  if (/claude/i.test(model)) {
    rates.cache_write = decimalText(input * 1.25);
    rates.cache_write_1h = decimalText(input * 2);
  }
  for (const [kind, name] of Object.entries(billed) as [keyof PriceRates, string][]) {
    const value = prices[name];
    if (value !== undefined) rates[kind] = decimalText(rateAt(value, above));
  }
  return rates;
}

/** The rate of requests with more than `above` input tokens. */
function rateAt(value: Rate, above: number): number {
  if (typeof value !== 'object') return value ?? 0;
  return value.tiers.filter((tier) => tier.start <= above).sort((a, b) => b.start - a.start)[0]?.price ?? value.base;
}

/**
 * A rate of the package as an exact decimal with at most six places. Its numbers are the shortest text of a double,
 * some with the dust of a sum (0.18000000000000002) or a period (0.08333333333333334): twelve places take the dust
 * away, and what then remains beyond the sixth is rounded up.
 */
export function decimalText(value: number, per = 1n): string {
  const [whole = '', part = ''] = value.toFixed(12).split('.');
  const micro = ceilDiv(BigInt(whole + part), 1_000_000n * per);
  const text = String(micro).padStart(7, '0');
  return `${text.slice(0, -6)}.${text.slice(-6)}`.replace(/\.?0+$/, '');
}

interface InForce {
  prices: ModelPrice;
  label: string | null;
  from: number | null;
  until: number | null;
}

const day_ms = 86_400_000;

/** Of the dated and hourly prices of a model the last one that holds; `until` is the next instant any of them may. */
export function inForce(all: ModelInfo['prices'], at: number): InForce {
  if (!Array.isArray(all)) return { prices: all, label: null, from: null, until: null };
  const midnight = at - (at % day_ms);
  const edges: number[] = [];
  let chosen: InForce | null = null;
  for (const { constraint, prices } of all) {
    if (constraint === undefined) chosen = { prices, label: null, from: null, until: null };
    else if (constraint.type === 'start_date') {
      const from = Date.parse(`${constraint.start_date}T00:00:00Z`);
      edges.push(from);
      if (from <= at) chosen = { prices, label: constraint.start_date, from, until: null };
    } else {
      const start = midnight + timeOfDay(constraint.start_time);
      const end = midnight + timeOfDay(constraint.end_time);
      edges.push(start, end, start + day_ms, end + day_ms);
      const holds = start <= end ? start <= at && at < end : start <= at || at < end;
      if (holds) chosen = { prices, label: constraint.start_time, from: null, until: null };
    }
  }
  const [first] = all;
  const { prices, label, from } = chosen ?? { prices: first?.prices ?? {}, label: null, from: null };
  const coming = edges.filter((edge) => edge > at);
  return { prices, label, from, until: coming.length > 0 ? Math.min(...coming) : null };
}

/** `16:30:00Z` → milliseconds since midnight UTC. */
function timeOfDay(text: string): number {
  return Date.parse(`1970-01-01T${text}`);
}
