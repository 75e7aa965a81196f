import { assert } from '../base/assert.ts';

/** A power of two, and more than twice the tokens there are. */
const slots = 1 << 19;
const rank_bits = 18;
const rank_mask = (1 << rank_bits) - 1;

/** Higher than every rank: these bytes are no token. */
export const no_rank = 0xffff_ffff;

/**
 * The vocabulary of a byte-pair encoder: the bytes of all tokens one behind the other in the order of their rank, found
 * by a hash of them. That is 4 MB outside of the heap for the 200,000 tokens of o200k; as strings in a map, with the
 * module that lists them, it was 20 MB in it, and as much again while it was loaded.
 */
export class Vocabulary {
  readonly #bytes: Uint8Array;
  /** Where the token of each rank ends; the next begins there. */
  readonly #ends: Uint32Array;
  /**
   * At the place of a token's hash, or at the next free one: its rank plus one, and above that as much of the hash as
   * there is room for, so that most other tokens are passed over without a look at their bytes. 0 is free.
   */
  readonly #slots = new Int32Array(slots);

  /** `lines`: a token in Base64, a space, its rank; in the order of ranks. The form in which OpenAI publishes them. */
  constructor(lines: Uint8Array) {
    this.#bytes = new Uint8Array(lines.length);
    this.#ends = new Uint32Array(slots / 2);
    let [rank, end] = [0, 0];
    for (let from = 0; from < lines.length; from = lines.indexOf(10, from) + 1) {
      assert(rank < this.#ends.length && lines.indexOf(10, from) > from, 'this is no list of tokens');
      const start = end;
      end = decodeBase64(lines, from, this.#bytes, start);
      const hash = hashOf(this.#bytes, start, end);
      const slot = this.#slotOf(hash, this.#bytes, start, end);
      assert(this.#slots[slot] === 0, `the token of rank ${rank} is there twice`);
      this.#slots[slot] = (hash & ~rank_mask) | (rank + 1);
      this.#ends[rank++] = end;
    }
    this.#bytes = this.#bytes.slice(0, end);
    this.#ends = this.#ends.slice(0, rank);
  }

  /** The rank of the token with these bytes, which have this hash. */
  rankOf(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const held = this.#slots[this.#slotOf(hash, bytes, from, to)] as number;
    return held === 0 ? no_rank : (held & rank_mask) - 1;
  }

  /** The place of the token with these bytes, or the free one where it would stand. */
  #slotOf(hash: number, bytes: Uint8Array, from: number, to: number): number {
    for (let slot = hash; ; slot++) {
      slot &= slots - 1;
      const held = this.#slots[slot] as number;
      if (held === 0) return slot;
      if ((held ^ hash) >>> rank_bits === 0 && this.#is((held & rank_mask) - 1, bytes, from, to)) return slot;
    }
  }

  #is(rank: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = rank === 0 ? 0 : (this.#ends[rank - 1] as number);
    return (this.#ends[rank] as number) - start === to - from && areSame(this.#bytes, start, bytes, from, to);
  }
}

/** Whether the bytes of one from `start` are those of the other between `from` and `to`. */
export function areSame(one: Uint8Array, start: number, other: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (one[start + at - from] !== other[at]) return false;
  return true;
}

/** FNV-1a, with its high bits mixed into the low ones. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return hash ^ (hash >>> 13);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The six bits of each letter, plus one; 0 where there is none. */
const sextets = new Uint8Array(256);
for (let bits = 0; bits < 64; bits++) sextets[alphabet.charCodeAt(bits)] = bits + 1;

/** Decodes from `from` to the first byte that is none of Base64, writes behind `at`, and answers where that ends. */
function decodeBase64(text: Uint8Array, from: number, into: Uint8Array, at: number): number {
  let [held, bits, end] = [0, 0, at];
  for (let next = from; ; next++) {
    const sextet = sextets[text[next] as number] as number;
    if (sextet === 0) return end;
    held = ((held << 6) | (sextet - 1)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    into[end++] = held >> bits;
  }
}
