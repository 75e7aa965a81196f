import { z } from 'zod';
import { Refusal } from './wire.ts';

const count = z.int().min(0);

/**
 * How the stub behaves for one request. It stands in the text of the last user message as `stub: {…}`, so that it passes
 * through a gateway untouched; a profile holds the same fields as defaults for all requests.
 */
export const directive_schema = z
  .strictObject({
    /** Stands in the log, so that a test can tell which of its calls a request came from. */
    label: z.string(),
    /** Tokens the answer wants to have, per choice; `max_tokens` cuts it unless `ignore_max_tokens`. */
    output_tokens: count,
    input_tokens: count,
    /** Tokens of text in one stream event. */
    chunk_tokens: count.min(1),
    /** Time before the status line. */
    delay_ms: count,
    /** Time between the events of a stream. */
    chunk_delay_ms: count,
    /** Answer with this status and the provider's error body instead. */
    error: count.min(400).max(599),
    /** Only the first n requests with this prompt fail with `error`; the later ones succeed. */
    error_times: count.min(1),
    /** A stream that began well and ends with the provider's error event after n text events. */
    error_after_chunks: count,
    /** The connection is reset after n text events; a plain answer is reset before (0) or amid its body. */
    reset_after_chunks: count,
    /** A stream that falls silent after n text events and keeps the connection open. */
    stall_after_chunks: count,
    no_usage: z.boolean(),
    ignore_max_tokens: z.boolean(),
    /** Sent as the usage, in the form of the wire, whatever the answer was; the bill follows it. */
    usage: z.record(z.string(), z.json()).nullable(),
    /** The text of the answer, one word a token, instead of made-up words. */
    text: z.string(),
    /** With `text`: a token is this many characters, so that words are cut between stream events. */
    token_chars: count.min(1),
  })
  .partial();

export type Directive = z.infer<typeof directive_schema>;

/** The directive in a message, or an empty one. A malformed one is refused with 400: a typo must not pass for a test. */
export function readDirective(text: string): Directive {
  const found = /stub:\s*\{/.exec(text);
  if (!found) return {};
  const written = objectAt(text, found.index + found[0].length - 1);
  try {
    return parseDirective(JSON.parse(written));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, `The stub directive is not JSON: ${written.slice(0, 200)}`);
  }
}

/** Checked fields of a directive or of a profile; throws Refusal 400. */
export function parseDirective(value: unknown): Directive {
  const parsed = directive_schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, `The stub directive is not valid: ${z.prettifyError(parsed.error)}`);
}

/** The text from the brace at `start` to the brace that closes it, braces in strings left out of the count. */
function objectAt(text: string, start: number): string {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (quoted && letter === '\\') at++;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === '{') depth++;
    else if (!quoted && letter === '}' && --depth === 0) return text.slice(start, at + 1);
  }
  return text.slice(start);
}
