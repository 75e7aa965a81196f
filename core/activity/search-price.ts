import type { CompiledPrice } from './price.ts';
import type { Searches } from './wires/define.ts';

/** USD of a thousand searches at OpenAI, by version of the tool (https://developers.openai.com/api/docs/pricing, read 2026-11). */
const openai = { web_search: 10, preview_of_reasoning: 10, preview: 25 };

/** Models that reason, behind their provider's name: the o series, and GPT since 5 but for its chat variants. */
const reasons = /^(?:o\d|gpt-(?:[5-9]|\d\d)(?!.*-chat))/;

const nano_per_search = (usd_per_thousand: number): bigint => BigInt(usd_per_thousand) * 1_000_000n;

/**
 * The price with what a search costs in this request. The packaged book has one price per model, and OpenAI bills by the
 * version of the tool as well. Elsewhere it stays as it is: where the book says nothing, a search has no known price.
 */
export function withSearchPrice(price: CompiledPrice, { is_preview }: Searches): CompiledPrice {
  if (price.provider !== 'openai') return price;
  const model = price.model.slice(price.model.lastIndexOf('/') + 1);
  if (is_preview) {
    const usd = reasons.test(model) ? openai.preview_of_reasoning : openai.preview;
    return { ...price, per_web_search_nano: nano_per_search(usd) };
  }
  return { ...price, per_web_search_nano: price.per_web_search_nano ?? nano_per_search(openai.web_search) };
}
