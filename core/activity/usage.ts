import { isObject, type JsonObject } from '../base/json.ts';

/** Where the figures of a usage come from: the provider's own count, our count of what was delivered, or nowhere. */
export type UsageSource = 'provider' | 'estimated' | 'none';

/**
 * Tokens of one call, normalised over the providers. `input_tokens` holds every input token, cached ones included;
 * `output_tokens` every output token, reasoning included. The detail counts are parts of these two, never additions.
 * A member that may be absent is zero when absent.
 */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  /** Part of `input_tokens` read from the provider's cache. */
  cached_input_tokens: number;
  /** Part of `input_tokens` written to the provider's cache (Anthropic's 5-minute entries). */
  cache_write_tokens: number;
  /** Part of `input_tokens` written to the provider's cache for an hour (Anthropic). */
  cache_write_1h_tokens: number;
  /** Part of `output_tokens` spent on reasoning. */
  reasoning_tokens: number;
  /** Part of `input_tokens` that is audio; it may overlap the cached part. */
  audio_input_tokens?: number;
  /** Part of `output_tokens` that is audio. */
  audio_output_tokens?: number;
  /** Web searches the provider ran by itself and bills one by one. */
  web_searches?: number;
}

/** Ten times the largest context window on sale (10 million tokens): a greater count is a defect, not a usage. */
const max_count = 100_000_000;

/**
 * Usage of the chat completions wire, from the value of the answer's `usage` member. Null when there is none or when
 * a figure cannot be a count (negative, fractional, text, above 100 million). Absent and null details are zero.
 *
 * Read besides OpenAI's own names: `prompt_cache_hit_tokens` (DeepSeek), `cached_tokens` (Moonshot),
 * `cache_read_input_tokens`, `cache_creation_input_tokens` and `cache_creation` (gateways in front of Anthropic).
 */
export function usageOfChat(raw: unknown): Usage | null {
  return readCounts(raw, (at) => {
    const prompt = at('prompt_tokens') ?? sum(at('prompt_cache_hit_tokens'), at('prompt_cache_miss_tokens'));
    const total = at('total_tokens');
    const written_1h = at('cache_creation', 'ephemeral_1h_input_tokens') ?? 0;
    return settle({
      input: prompt,
      output: at('completion_tokens') ?? rest(total, prompt),
      total,
      cached: largest(
        at('prompt_tokens_details', 'cached_tokens'),
        at('prompt_cache_hit_tokens'),
        at('cached_tokens'),
        at('cache_read_input_tokens'),
      ),
      written: largest(
        at('prompt_tokens_details', 'cache_write_tokens'),
        at('cache_creation_input_tokens'),
        written_1h + (at('cache_creation', 'ephemeral_5m_input_tokens') ?? 0),
      ),
      written_1h,
      reasoning: at('completion_tokens_details', 'reasoning_tokens') ?? at('reasoning_tokens') ?? 0,
      audio_input: at('prompt_tokens_details', 'audio_tokens') ?? 0,
      audio_output: at('completion_tokens_details', 'audio_tokens') ?? 0,
      searches: at('server_tool_use', 'web_search_requests') ?? 0,
    });
  });
}

/** Usage of the responses wire, from the value of `response.usage`; null as for `usageOfChat`. */
export function usageOfResponses(raw: unknown): Usage | null {
  return readCounts(raw, (at) =>
    settle({
      input: at('input_tokens'),
      output: at('output_tokens'),
      total: at('total_tokens'),
      cached: at('input_tokens_details', 'cached_tokens') ?? 0,
      written: at('input_tokens_details', 'cache_write_tokens') ?? 0,
      written_1h: 0,
      reasoning: at('output_tokens_details', 'reasoning_tokens') ?? 0,
      audio_input: at('input_tokens_details', 'audio_tokens') ?? 0,
      audio_output: at('output_tokens_details', 'audio_tokens') ?? 0,
      // xAI bills its web and X searches alike: https://docs.x.ai/docs/models#tools-pricing
      searches:
        (at('server_side_tool_usage_details', 'web_search_calls') ?? 0) +
        (at('server_side_tool_usage_details', 'x_search_calls') ?? 0),
    }),
  );
}

/**
 * Usage of Anthropic's messages wire, whose `input_tokens` leaves out what was read from and written to the cache
 * (https://platform.claude.com/docs/en/api/messages: total input is the sum of the three); null as for `usageOfChat`.
 * A `compaction` iteration is billed and not part of the top-level figures, so it is added.
 */
export function usageOfMessages(raw: unknown): Usage | null {
  const parts = isObject(raw) && Array.isArray(raw.iterations) ? raw.iterations : [];
  const compactions = parts.filter((part) => isObject(part) && part.type === 'compaction');
  return [raw, ...compactions].map(messagesPart).reduce((a, b) => (a && b ? addUsage(a, b) : null));
}

/**
 * Raw usage of a messages stream after a further event: the figures of `message_delta` are cumulative, so those it
 * has (null is not one) replace those of `message_start`. The result is for `usageOfMessages`.
 */
export function mergeMessagesUsage(earlier: unknown, later: unknown): JsonObject {
  const merged: JsonObject = isObject(earlier) ? { ...earlier } : {};
  if (!isObject(later)) return merged;
  for (const [name, value] of Object.entries(later)) if (value !== null) merged[name] = value;
  return merged;
}

/** Usage of the embeddings wire: input only. Some providers (Voyage) report nothing but `total_tokens`. */
export function usageOfEmbeddings(raw: unknown): Usage | null {
  return readCounts(raw, (at) =>
    settle({ ...no_details, input: at('prompt_tokens') ?? at('input_tokens') ?? at('total_tokens'), output: 0 }),
  );
}

/** The sum of two usages, member by member. */
export function addUsage(a: Usage, b: Usage): Usage {
  return withParts(
    {
      input_tokens: a.input_tokens + b.input_tokens,
      output_tokens: a.output_tokens + b.output_tokens,
      cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
      cache_write_tokens: a.cache_write_tokens + b.cache_write_tokens,
      cache_write_1h_tokens: a.cache_write_1h_tokens + b.cache_write_1h_tokens,
      reasoning_tokens: a.reasoning_tokens + b.reasoning_tokens,
    },
    (a.audio_input_tokens ?? 0) + (b.audio_input_tokens ?? 0),
    (a.audio_output_tokens ?? 0) + (b.audio_output_tokens ?? 0),
    (a.web_searches ?? 0) + (b.web_searches ?? 0),
  );
}

/** A usage with at least so many searches: what the provider counts itself is not counted twice. */
export function withSearches<Told extends Usage | null>(usage: Told, at_least: number): Told {
  if (usage === null || at_least <= (usage.web_searches ?? 0)) return usage;
  return { ...usage, web_searches: at_least };
}

function messagesPart(raw: unknown): Usage | null {
  return readCounts(raw, (at) => {
    const cached = at('cache_read_input_tokens') ?? 0;
    const written_1h = at('cache_creation', 'ephemeral_1h_input_tokens') ?? 0;
    const written = largest(
      at('cache_creation_input_tokens'),
      written_1h + (at('cache_creation', 'ephemeral_5m_input_tokens') ?? 0),
    );
    return settle({
      ...no_details,
      input: sum(at('input_tokens'), cached + written),
      output: at('output_tokens'),
      cached,
      written,
      written_1h,
      reasoning: at('output_tokens_details', 'thinking_tokens') ?? 0,
      searches: at('server_tool_use', 'web_search_requests') ?? 0,
    });
  });
}

type Count = number | undefined;

interface Figures {
  input: Count;
  output: Count;
  total: Count;
  cached: number;
  /** Everything written to the cache, for an hour or less. */
  written: number;
  written_1h: number;
  reasoning: number;
  audio_input: number;
  audio_output: number;
  searches: number;
}

const no_details = {
  total: undefined,
  cached: 0,
  written: 0,
  written_1h: 0,
  reasoning: 0,
  audio_input: 0,
  audio_output: 0,
  searches: 0,
};

/**
 * Figures of one provider in the common form. Providers disagree on what contains what, and the total tells:
 * - reasoning beside the output (xAI, https://docs.x.ai/docs/key-information/consumption-and-rate-limits, and Gemini's
 *   OpenAI endpoint, which may not even name it): what the total has beyond input and output is billed as output;
 * - cached tokens beside the prompt (xAI at times): the total exceeds the rest by just them, or they exceed the prompt.
 */
function settle(f: Figures): Usage | null {
  if (f.input === undefined || f.output === undefined) return null;
  const cache = f.cached + f.written;
  const beyond = Math.max((f.total ?? 0) - f.input - f.output, 0);
  const cache_beside_prompt = cache > f.input || (beyond > 0 && beyond === cache && beyond !== f.reasoning);
  const input = f.input + (cache_beside_prompt ? cache : 0);
  const unnamed = Math.max((f.total ?? 0) - input - f.output, 0);
  const reasoning = Math.max(f.reasoning, unnamed);
  const output = f.output + (f.reasoning > f.output ? reasoning : unnamed);
  return withParts(
    {
      input_tokens: input,
      output_tokens: output,
      cached_input_tokens: f.cached,
      cache_write_tokens: f.written - f.written_1h,
      cache_write_1h_tokens: f.written_1h,
      reasoning_tokens: reasoning,
    },
    Math.min(f.audio_input, input),
    Math.min(f.audio_output, output),
    f.searches,
  );
}

function withParts(usage: Usage, audio_input: number, audio_output: number, searches: number): Usage {
  return {
    ...usage,
    ...(audio_input > 0 && { audio_input_tokens: audio_input }),
    ...(audio_output > 0 && { audio_output_tokens: audio_output }),
    ...(searches > 0 && { web_searches: searches }),
  };
}

/** Runs `build` with a reader of counts by path; null when `raw` is no object or any figure read is not a count. */
function readCounts(raw: unknown, build: (at: (...path: string[]) => Count) => Usage | null): Usage | null {
  if (!isObject(raw)) return null;
  let readable = true;
  const usage = build((...path) => {
    let value: unknown = raw;
    for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max_count) return value;
    readable = false;
    return undefined;
  });
  return readable ? usage : null;
}

const largest = (...counts: Count[]): number => Math.max(0, ...counts.map((count) => count ?? 0));

const sum = (a: Count, b: Count): Count => (a === undefined || b === undefined ? undefined : a + b);

const rest = (total: Count, part: Count): Count =>
  total === undefined || part === undefined || total < part ? undefined : total - part;
