/** Counts tokens of text. Never throws on any text, and never takes quadratic time. */
export interface Tokenizer {
  count(text: string): number;
}

/**
 * Every byte-pair encoder in JavaScript is quadratic in a piece of text it cannot split: 200,000 letters block for 22 s.
 * Longer pieces are counted in slices of this many characters, which on such runs is off by 0.13 % at most.
 */
const longest_piece = 256;

/**
 * Whether a piece may be longer than `longest_piece`: pieces hold at most one space, in front, or nothing but space.
 * Each run is tried from its start only, so the search is linear.
 */
const may_have_long_piece = /(?:^| )[^ ]{255}|(?:^|\S)\s{255}/;

let loaded: Promise<Tokenizer> | undefined;

/**
 * The o200k encoding of OpenAI's models since GPT-4o. The vocabulary takes about 0.2 s and 60 MB, so it is loaded on
 * the first call and kept.
 */
export function loadTokenizer(): Promise<Tokenizer> {
  loaded ??= Promise.all([
    import('gpt-tokenizer/encoding/o200k_base'),
    import('gpt-tokenizer/encodingParams/constants'),
  ]).then(([{ countTokens, setMergeCacheSize }, { O200K_TOKEN_SPLIT_REGEX }]) => {
    // The package remembers 100,000 pieces of text by default; a tenth serves as well and holds less of it.
    setMergeCacheSize(10_000);
    // Text that looks like a control token (`<|endoftext|>`) is text here, not an error.
    const ordinary = { disallowedSpecial: new Set<string>() };
    return guarded((text) => countTokens(text, ordinary), O200K_TOKEN_SPLIT_REGEX);
  });
  return loaded;
}

/** `countShort` is exact and slow on long pieces; `split` matches one piece after the other. */
function guarded(countShort: (text: string) => number, split: RegExp): Tokenizer {
  const count = (text: string): number => {
    if (!may_have_long_piece.test(text)) return countShort(text);
    let tokens = 0;
    let from = 0;
    for (const { index, 0: piece } of text.matchAll(split)) {
      if (piece.length <= longest_piece) continue;
      if (index > from) tokens += countShort(text.slice(from, index));
      for (const slice of slices(piece)) tokens += countShort(slice);
      from = index + piece.length;
    }
    return tokens + (from < text.length ? countShort(text.slice(from)) : 0);
  };
  return { count };
}

/** A piece in parts of `longest_piece` characters, never between the two halves of one code point. */
function slices(piece: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < piece.length; ) {
    let to = Math.min(from + longest_piece, piece.length);
    if (to < piece.length && isHighSurrogate(piece.charCodeAt(to - 1))) to += 1;
    parts.push(piece.slice(from, to));
    from = to;
  }
  return parts;
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
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i += 1;
    } else bytes += 2;
  }
  return bytes;
}

/** Upper bound of the tokens of a text: a byte-level encoder has no token shorter than one byte. */
export const textTokensBound = (bytes: number): number => bytes;

/** The token count of the built-in mock models: a quarter of the UTF-8 bytes, rounded up. */
export const mockTokens = (text: string): number => Math.ceil(utf8Bytes(text) / 4);
