import { loadTokenizer, StreamCounter, utf8Bytes } from '@aos/core/activity/tokens.ts';
import type { ProviderKind } from '../upstreams/llm/define.ts';

/** Counts the generated text of one answer. */
export interface Delivered {
  /** Adds text; true when it would take the answer past `bound` tokens, and then it is not added. */
  crosses(text: string, bound: number): boolean;
  tokens(): number;
}

/** A counter for what a provider of this kind delivers; the vocabulary is loaded once and kept. */
export async function countDelivered(kind: ProviderKind): Promise<Delivered> {
  if (kind === 'mock') return quarterBytes();
  const tokenizer = await loadTokenizer();
  return encoded(new StreamCounter(tokenizer));
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
 * that may cross it is counted together with what came before.
 */
function encoded(counter: StreamCounter): Delivered {
  let safe_bytes = 0;
  return {
    crosses(text, bound) {
      const more = utf8Bytes(text);
      if (counter.bytes + more > Math.max(bound, safe_bytes)) {
        const { tokens } = counter;
        if (tokens + more > bound && counter.tokensWith(text) > bound) return true;
        safe_bytes = counter.bytes + bound - tokens;
      }
      counter.add(text);
      return false;
    },
    tokens: () => counter.tokens,
  };
}
