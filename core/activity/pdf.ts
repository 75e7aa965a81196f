/** What of a PDF becomes input: its pages, each shown as a picture, and at most so many tokens of text on them. */
export interface PdfSize {
  pages: number;
  text_tokens: number;
}

/** Streams that hold no text and no pages: pictures, fonts, colours, tables of places. */
const without_text =
  /\/Subtype\s*\/(?:Image|Type1C|CIDFontType0C|OpenType)\b|\/Length1\b|\/FunctionType\b|\/Type\s*\/XRef\b|\/Subtype\s*\/XML\b/;
/** Ways to pack a stream that are not unpacked here. */
const packed_otherwise = /\/(?:ASCIIHexDecode|ASCII85Decode|LZWDecode|RunLengthDecode|Crypt|Predictor)\b/;
const flate = /\/(?:FlateDecode|Fl)\b/;
const page = /\/Type\s*\/Page(?![A-Za-z])/g;
const longest_dictionary = 8_192;
const [round, closing, angle, backslash] = [0x28, 0x29, 0x3c, 0x5c];

/**
 * Bounds a PDF from above without laying it out. `file` and what `inflate` answers have a character for each byte.
 * Null where that cannot be done: encrypted, packed in another way, damaged, or more than `inflate` takes.
 */
export function pdfSize(file: string, inflate: (stream: string) => string | null): PdfSize | null {
  if (!file.startsWith('%PDF-') || /\/Encrypt\b/.test(file)) return null;
  const size: PdfSize = { pages: 0, text_tokens: 0 };
  let at = 0;
  for (const stream of file.matchAll(/\bstream\r?\n/g)) {
    if (stream.index < at) continue;
    const begin = stream.index + stream[0].length;
    const end = file.indexOf('endstream', begin);
    if (end < 0) return null;
    const between = file.slice(at, stream.index);
    add(size, between);
    at = end;
    const text = textOf(dictionaryIn(between), file.slice(begin, end), inflate);
    if (text === null) return null;
    add(size, text);
  }
  add(size, file.slice(at));
  return size.pages === 0 ? null : size;
}

/** The dictionary of a stream, at the end of what stands between it and the one before. */
function dictionaryIn(between: string): string {
  const near = between.slice(-longest_dictionary);
  return near.slice(near.lastIndexOf(' obj') + 1);
}

function textOf(dictionary: string, stream: string, inflate: (stream: string) => string | null): string | null {
  if (without_text.test(dictionary)) return '';
  if (packed_otherwise.test(dictionary)) return null;
  return flate.test(dictionary) ? inflate(stream) : stream;
}

function add(size: PdfSize, part: string): void {
  size.pages += part.match(page)?.length ?? 0;
  size.text_tokens += textTokens(part);
}

/**
 * At most so many tokens in the strings of a part. A code of one byte stands for a character of two tokens at most, one
 * of two bytes for a character of four; pieces that are placed apart get a space between them.
 */
function textTokens(part: string): number {
  let tokens = 0;
  for (let at = 0; at < part.length; at++) {
    const code = part.charCodeAt(at);
    if (code === round) {
      const end = endOfString(part, at);
      tokens += 2 * (end - at) + 1;
      at = end;
    } else if (code === angle) {
      if (part.charCodeAt(at + 1) === angle) at++;
      else {
        const end = part.indexOf('>', at);
        if (end < 0) return tokens;
        tokens += end - at + 1;
        at = end;
      }
    }
  }
  return tokens;
}

/** Where a string in brackets ends: they nest, and a backslash takes the next character's meaning away. */
function endOfString(part: string, from: number): number {
  let depth = 0;
  for (let at = from; at < part.length; at++) {
    const code = part.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === round) depth++;
    else if (code === closing && --depth === 0) return at;
  }
  return part.length;
}
