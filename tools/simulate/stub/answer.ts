import type { Directive } from './directive.ts';
import type { Counts, StubAnswer, StubRequest, StubWire } from './wire.ts';

/** What the provider will say, and what it will charge when all of it is said. */
export interface Plan {
  answer: StubAnswer;
  billed: Counts;
}

/**
 * The answer to a request: by the directive where it says something, else made up from a hash of the prompt, so that the
 * same prompt and seed always have the same answer. Made-up input tokens are between 1 and the bytes of the prompt.
 */
export function planAnswer(wire: StubWire, request: StubRequest, directive: Directive, seed: number): Plan {
  const hash = hashOf(request.prompt, seed);
  const bytes = Buffer.byteLength(request.prompt);
  const bound = directive.ignore_max_tokens ? Infinity : (request.max_tokens ?? Infinity);
  const words = directive.text === undefined ? null : tokensOfText(directive.text, directive.token_chars);
  const wanted =
    wire.name === 'embeddings' ? 0 : (directive.output_tokens ?? words?.length ?? madeUp(request, directive, hash));
  const output = Math.min(wanted, bound);
  const pieces = Array.from({ length: request.choices }, (_, choice) =>
    words ? words.slice(0, Math.min(words.length, bound)) : madeUpWords(hash + choice, output),
  );
  const cut = output < wanted || (words !== null && words.length > bound);
  const counts = {
    input_tokens: directive.input_tokens ?? (bytes === 0 ? 0 : 1 + (hash % bytes)),
    output_tokens: output * request.choices,
  };
  const said = directive.usage === undefined ? wire.usage(counts) : directive.usage;
  const usage = directive.no_usage ? undefined : said;
  return {
    answer: { id: '', model: request.model, created_s: 0, pieces, finish: cut ? 'length' : 'stop', usage },
    billed: usage ? wire.counts(usage) : counts,
  };
}

/** At most 256 tokens, so that a request with a generous bound stays quick. */
function madeUp(request: StubRequest, directive: Directive, hash: number): number {
  const bound = request.max_tokens ?? 256;
  return directive.ignore_max_tokens ? bound * 2 : 1 + ((hash >>> 8) % Math.min(bound, 256));
}

/** Each of these words, with and without a space before it, is exactly one token in cl100k_base and in o200k_base. */
const vocabulary = (
  'the of and to in is that for it as was with on by at from this are or an be which you one have had not but what all ' +
  'were when we there can said use each she do how their if will up other about out many then them these so some her ' +
  'would make like him'
).split(' ');

function madeUpWords(hash: number, length: number): string[] {
  return Array.from({ length }, (_, at) => {
    const word = vocabulary[(hash + at * (7 + (hash % 5))) % vocabulary.length] ?? 'the';
    return at === 0 ? word : ` ${word}`;
  });
}

/** Words with the blanks that follow them, or slices of `chars` characters; joined they are the text again. */
function tokensOfText(text: string, chars: number | undefined): string[] {
  if (chars === undefined) return text.match(/\S+\s*|\s+/gu) ?? [];
  const letters = [...text];
  return Array.from({ length: Math.ceil(letters.length / chars) }, (_, at) =>
    letters.slice(at * chars, (at + 1) * chars).join(''),
  );
}

/** FNV-1a over UTF-16 units, unsigned 32 bits. */
export function hashOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
