import { O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants';
import { assert } from '../base/assert.ts';
import { BytePairs } from './byte-pairs.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Counts tokens of text. Never throws on any text, and never takes quadratic time. */
export interface Tokenizer {
  count(text: string): number;
  /** The same in turns of a few milliseconds, with what was counted so far between two of them. */
  counting(text: string): Generator<number, number>;
}

/**
 * Every byte-pair encoder is quadratic in a piece of text it cannot split: 200,000 letters once blocked for 22 s. Longer
 * pieces are counted in slices of this many characters, which on such runs is off by 0.13 % at most.
 */
const longest_piece = 256;

/** Characters that are counted in one turn: about 2 ms of ordinary text, ten times that of one that hardly merges. */
const characters_of_a_turn = 16_384;

/** Counts as a model with this vocabulary does that splits text as OpenAI's do since GPT-4o. */
export function tokenizerOf(vocabulary: Vocabulary): Tokenizer {
  const pairs = new BytePairs(vocabulary);
  const split = new RegExp(O200K_TOKEN_SPLIT_REGEX, 'uy');
  const bytes = new Uint8Array(3 * (longest_piece + 1));
  /** Counts from where it is, also within a piece, until it is past a place. */
  const countUntil = (text: string, at: { from: number; piece_end: number }, until: number): number => {
    let tokens = 0;
    while (at.from < until) {
      if (at.from >= at.piece_end) {
        split.lastIndex = at.from;
        // Asked with `test`, which makes no object per piece; every character belongs to some piece.
        assert(split.test(text), 'a text has a place that belongs to no piece');
        at.piece_end = split.lastIndex;
      }
      const to = endOfSlice(text, at.from, at.piece_end);
      tokens += pairs.count(bytes, writeUtf8(text, at.from, to, bytes));
      at.from = to;
    }
    return tokens;
  };
  return {
    count: (text) => countUntil(text, { from: 0, piece_end: 0 }, text.length),
    *counting(text) {
      const at = { from: 0, piece_end: 0 };
      let tokens = 0;
      for (;;) {
        tokens += countUntil(text, at, Math.min(text.length, at.from + characters_of_a_turn));
        if (at.from >= text.length) return tokens;
        yield tokens;
      }
    },
  };
}

/** At most `longest_piece` characters on, and never between the two halves of one code point. */
function endOfSlice(text: string, from: number, end: number): number {
  const to = from + longest_piece;
  if (to >= end) return end;
  return isHighSurrogate(text.charCodeAt(to - 1)) ? to + 1 : to;
}

/** Below this the tail of a stream is simply kept. */
const worth_counting = 512;
/** A tail this long without a safe boundary is cut all the same. */
const longest_tail = 4_096;

/**
 * Counts the text of a stream as it arrives, in linear time, as if it were tokenised as a whole: text is counted up to
 * the last place where no later text can change how the encoder splits what is before. Only where such a place is
 * missing for 4,096 characters (base64 has many, a line of dashes has none) it cuts at a slice and may be off by a
 * few tokens per cut.
 */
export class StreamCounter {
  readonly #tokenizer: Tokenizer;
  #counted = 0;
  #tail = '';
  /** Characters of the tail known to have no boundary before them. */
  #searched = 0;
  #tail_tokens: number | null = 0;
  #bytes = 0;
  #ends_in_half = false;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  add(text: string): void {
    if (text === '') return;
    // Two halves of a code point were counted as 3 bytes each when alone, and are 4 together.
    if (this.#ends_in_half && isLowSurrogate(text.charCodeAt(0))) this.#bytes -= 2;
    this.#bytes += utf8Bytes(text);
    this.#ends_in_half = isHighSurrogate(text.charCodeAt(text.length - 1));
    this.#tail += text;
    this.#tail_tokens = null;
    if (this.#tail.length >= worth_counting) this.#advance();
  }

  /** Tokens of all text so far. */
  get tokens(): number {
    this.#tail_tokens ??= this.#tokenizer.count(this.#tail);
    return this.#counted + this.#tail_tokens;
  }

  /** Tokens there would be with this text added: neither the sum of both nor less than each, for words may merge or break. */
  tokensWith(text: string): number {
    return this.#counted + this.#tokenizer.count(this.#tail + text);
  }

  /** UTF-8 bytes of all text so far. */
  get bytes(): number {
    return this.#bytes;
  }

  #advance(): void {
    let cut = lastBoundary(this.#tail, this.#searched);
    if (cut === 0 && this.#tail.length > longest_tail) cut = this.#forcedCut();
    if (cut === 0) {
      // The last code point may still be incomplete or get company.
      this.#searched = Math.max(0, this.#tail.length - 2);
      return;
    }
    this.#counted += this.#tokenizer.count(this.#tail.slice(0, cut));
    this.#tail = this.#tail.slice(cut);
    this.#searched = 0;
  }

  /** A whole number of slices: in a run that fills the tail they stay where they are in the whole text. */
  #forcedCut(): number {
    const cut = longest_tail - longest_piece;
    return isHighSurrogate(this.#tail.charCodeAt(cut - 1)) ? cut + 1 : cut;
  }
}

const letter = /\p{L}/u;
const digit = /\p{N}/u;
/** Marks belong to the letter before them, and an apostrophe may begin a contraction (`I` + `'re`). */
const goes_on_after_letter = /[\p{L}\p{M}']/u;

/**
 * The last position above `after` between two pieces of the o200k split whatever text follows, or 0. Behind a letter
 * that is any character that is no letter, mark or apostrophe; behind a digit any that is no digit: no alternative of
 * the split's pattern crosses these, and it never looks back.
 */
function lastBoundary(text: string, after: number): number {
  for (let position = text.length - 1; position > after; position--) {
    const next = text.codePointAt(position) ?? 0;
    if (isLowSurrogate(next) || isHighSurrogate(next)) continue;
    const following = String.fromCodePoint(next);
    const before = codePointBefore(text, position);
    if (letter.test(before) ? !goes_on_after_letter.test(following) : digit.test(before) && !digit.test(following))
      return position;
  }
  return 0;
}

function codePointBefore(text: string, position: number): string {
  const unit = text.charCodeAt(position - 1);
  return text.slice(isLowSurrogate(unit) ? Math.max(0, position - 2) : position - 1, position);
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Length of a text in UTF-8. Half a code point counts as the 3 bytes of its replacement character. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let from = 0; from < text.length; ) {
    const { read, written } = utf8.encodeInto(from === 0 ? text : text.slice(from), unread);
    from += read;
    bytes += written;
  }
  return bytes;
}

const utf8 = new TextEncoder();

/** Where texts are written whose length is all that is asked for. */
const unread = new Uint8Array(16 * 1024);

/** Writes a part of a text in UTF-8 to the front of `bytes` and answers its length there. */
function writeUtf8(text: string, from: number, to: number, bytes: Uint8Array): number {
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) return utf8.encodeInto(text.slice(from, to), bytes).written;
    bytes[at - from] = unit;
  }
  return to - from;
}

/** Upper bound of the tokens of a text: a byte-level encoder has no token shorter than one byte. */
export const textTokensBound = (bytes: number): number => bytes;

/** The token count of the built-in mock models: a quarter of the UTF-8 bytes, rounded up. */
export const mockTokens = (text: string): number => Math.ceil(utf8Bytes(text) / 4);
