/** Models of OpenAI whose text is encoded by o200k, fine-tuned ones too. */
const o200k_models = /^(ft:)?(gpt-4o|chatgpt-4o|gpt-4\.[15]|gpt-[5-9]|gpt-oss|gpt-audio|gpt-chat|o\d)/;
const o200k_providers = new Set(['openai', 'azure', 'azure-openai']);

/** `openai/gpt-4o` → `gpt-4o`. */
export const bare = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

/** Whether our count of a text is the provider's own. Any other name behind an OpenAI-compatible address is not known. */
export const isCountedAlike = (provider: string, model: string): boolean =>
  provider === 'mock' || (o200k_providers.has(provider) && o200k_models.test(bare(model)));

/**
 * Where a stream is cut by our count, when its holds pay for `paid` tokens. A provider that counts as we do is held to
 * them. For another one our count only shows that it ignores the bound it was told, and may be higher than its own:
 * 1.43 times in Japanese of Gemma 3, 1.6 in nothing but emoji, at most 1.21 with Claude, Llama, DeepSeek and cl100k
 * (docs/decisions/0062). Half is left above the bound, and 16 tokens, since short texts are further apart.
 */
export const cutPoint = (paid: number, counted_alike: boolean): number =>
  counted_alike ? paid : paid + Math.ceil(paid / 2) + 16;

/**
 * What is charged for delivered tokens of which nobody but us has a count. Between the bound and the cut our count is no
 * evidence that the provider went past it, so what was held is the most; what is beyond was delivered all the same.
 */
export const chargedTokens = (counted: number, paid: number, counted_alike: boolean): number =>
  counted > paid && counted <= cutPoint(paid, counted_alike) ? paid : counted;
