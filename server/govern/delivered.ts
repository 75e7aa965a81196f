import { chargedTokens, cutPoint, isCountedAlike } from '@aos/core/activity/encoding.ts';
import { StreamCounter, type Tokenizer, utf8Bytes } from '@aos/core/activity/tokens.ts';
import type { Line } from '@aos/core/policies/reserve.ts';
import { loadTokenizer } from '../base/tokenizer.ts';
import type { ProviderKind } from '../upstreams/llm/define.ts';
import type { Ticket } from './ticket.ts';

/** Whether an enforced limit counts output: then the provider is told a bound, the caller's own or the one added. */
export const countsOutput = (lines: readonly Line[]): boolean =>
  lines.some((line) => line.cap !== null && line.rate > 0n);

/** How much of an answer the holds of its call pay for. */
export interface Paid {
  /** Output tokens over all answers; Infinity where no enforced limit counts output. */
  tokens: number;
  /** By our count: from there on a stream is cut. */
  cut_at: number;
  /** What this count of ours is charged as when the provider reports none. */
  charged(counted: number): number;
}

export function paidFor({ lines, output_bound, estimate, model }: Ticket): Paid {
  const tokens = countsOutput(lines) ? output_bound * estimate.choices : Infinity;
  const alike = isCountedAlike(model.provider.kind, model.name);
  return {
    tokens,
    cut_at: cutPoint(tokens, alike),
    charged: (counted) => chargedTokens(counted, tokens, alike),
  };
}

/** Counts the generated text of a call. */
export interface Delivered {
  /**
   * Adds text; true when it would take the call past `bound` tokens, and then it is not added. `by_answer`: the same
   * text, where it belongs to one of several answers or to more of them.
   */
  crosses(text: string, bound: number, by_answer?: ReadonlyMap<number, string>): boolean;
  tokens(): number;
}

/** A counter for what a provider of this kind delivers; the vocabulary is loaded once and kept. */
export async function countDelivered(kind: ProviderKind): Promise<Delivered> {
  if (kind === 'mock') return quarterBytes();
  return encoded(await loadTokenizer());
}

/** The built-in models define a token as four bytes of text. */
function quarterBytes(): Delivered {
  let bytes = 0;
  return {
    crosses(text, bound) {
      const more = utf8Bytes(text);
      if (Math.ceil((bytes + more) / 4) > bound) return true;
      bytes += more;
      return false;
    },
    tokens: () => Math.ceil(bytes / 4),
  };
}

/**
 * A token has at least one byte: nothing is tokenised before the bytes since the last count could reach the bound. A text
 * that may cross it is counted together with what came before in the same answer: the answers of one call come in turns,
 * and their pieces as one text are more tokens than each of them has apart.
 */
function encoded(tokenizer: Tokenizer): Delivered {
  const counters = new Map<number, StreamCounter>();
  const counterOf = (answer: number): StreamCounter => {
    const counter = counters.get(answer) ?? new StreamCounter(tokenizer);
    counters.set(answer, counter);
    return counter;
  };
  const tokens = () => {
    let sum = 0;
    for (const counter of counters.values()) sum += counter.tokens;
    return sum;
  };
  const moreWith = (texts: Iterable<readonly [number, string]>) => {
    let more = 0;
    for (const [answer, text] of texts) more += counterOf(answer).tokensWith(text) - counterOf(answer).tokens;
    return more;
  };
  let bytes = 0;
  let safe_bytes = 0;
  return {
    crosses(text, bound, by_answer) {
      const texts = by_answer ?? [[0, text] as const];
      const more = utf8Bytes(text);
      if (bytes + more > Math.max(bound, safe_bytes)) {
        const counted = tokens();
        if (counted + more > bound && counted + moreWith(texts) > bound) return true;
        safe_bytes = bytes + bound - counted;
      }
      bytes += more;
      for (const [answer, of] of texts) counterOf(answer).add(of);
      return false;
    },
    tokens,
  };
}
