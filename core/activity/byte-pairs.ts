import { assert } from '../base/assert.ts';
import { areSame, hashOf, no_rank, type Vocabulary } from './vocabulary.ts';

/** Bytes of the longest piece that is counted at once. */
const longest = 1_024;
/** How many merged pieces are remembered, a power of two, and the bytes of the longest of them. */
const places = 2_048;
const place_bytes = 256;

/**
 * Counts the tokens of a piece of text. Pieces that are no token and were merged lately are remembered as bytes in a
 * place of their own: as strings they would hold the whole texts they were cut from.
 */
export class BytePairs {
  readonly #vocabulary: Vocabulary;
  /** The parts of the piece being merged: where they begin, and the rank each would have with its neighbour. */
  readonly #starts = new Uint32Array(longest + 1);
  readonly #ranks = new Uint32Array(longest);
  readonly #pieces = new Uint8Array(places * place_bytes);
  readonly #lengths = new Uint16Array(places);
  readonly #counts = new Uint16Array(places);

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** How many tokens the first bytes make. */
  count(bytes: Uint8Array, length: number): number {
    assert(length > 0 && length <= longest, `a piece of ${length} bytes`);
    const hash = hashOf(bytes, 0, length);
    if (this.#vocabulary.rankOf(hash, bytes, 0, length) !== no_rank) return 1;
    if (length > place_bytes) return this.#merge(bytes, length);
    const place = hash & (places - 1);
    const start = place * place_bytes;
    if (this.#lengths[place] !== length || !areSame(this.#pieces, start, bytes, 0, length)) {
      this.#counts[place] = this.#merge(bytes, length);
      this.#lengths[place] = length;
      this.#pieces.set(bytes.subarray(0, length), start);
    }
    return this.#counts[place] as number;
  }

  /**
   * Of all neighbours the first with the lowest rank become one part, until no two make a token. Quadratic in the bytes
   * at worst, as every encoder that merges is.
   */
  #merge(bytes: Uint8Array, length: number): number {
    const [starts, ranks] = [this.#starts, this.#ranks];
    let parts = length;
    const rankAt = (part: number): number => {
      if (part + 2 > parts) return no_rank;
      const [from, to] = [starts[part] as number, starts[part + 2] as number];
      return this.#vocabulary.rankOf(hashOf(bytes, from, to), bytes, from, to);
    };
    for (let at = 0; at <= length; at++) starts[at] = at;
    for (let part = 0; part < length; part++) ranks[part] = rankAt(part);
    for (;;) {
      let best = 0;
      for (let part = 1; part < parts; part++) if ((ranks[part] as number) < (ranks[best] as number)) best = part;
      if (ranks[best] === no_rank) return parts;
      starts.copyWithin(best + 1, best + 2, parts + 1);
      ranks.copyWithin(best + 1, best + 2, parts);
      parts -= 1;
      ranks[best] = rankAt(best);
      if (best > 0) ranks[best - 1] = rankAt(best - 1);
    }
  }
}
