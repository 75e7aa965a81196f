import type { Source } from './rule.ts';

/** A comment or a literal: its text without delimiters, and where it starts. */
export interface Piece {
  text: string;
  start: number;
}

export interface Scan {
  /** As long as the source, with the insides of comments, literals and JSX text turned to spaces; line breaks stay. */
  code: string;
  comments: Piece[];
  /** String and template literals; an interpolation stands as `?` in the text of its template. */
  strings: Piece[];
}

const scans = new WeakMap<Source, Scan>();

/** The lexical parts of a TypeScript or JavaScript file; JSX is read in `.tsx` files. */
export function scanOf(source: Source): Scan {
  const known = scans.get(source);
  if (known) return known;
  const scanner = new Scanner(source.text, source.path.endsWith('.tsx'));
  const scan = scanner.scan();
  scans.set(source, scan);
  return scan;
}

const before_operand = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof default extends'.split(' '),
);

/**
 * A lexer that knows just enough of TypeScript to tell code from text. After `)` or `}` a slash is a division, which
 * is wrong only for a regular expression that begins a statement.
 */
class Scanner {
  private readonly text: string;
  private readonly jsx: boolean;
  private readonly blanks: [number, number][] = [];
  private readonly comments: Piece[] = [];
  private readonly strings: Piece[] = [];
  private at = 0;
  /** Where the last significant character of code stands. */
  private last = -1;

  constructor(text: string, jsx: boolean) {
    this.text = text;
    this.jsx = jsx;
  }

  scan(): Scan {
    if (this.text.startsWith('#!')) this.comment('#!', '\n');
    while (this.at < this.text.length) {
      this.code();
      this.at++;
    }
    return { code: this.blanked(), comments: this.comments, strings: this.strings };
  }

  /** Reads code up to the brace that closes an interpolation, or to the end. */
  private code(): void {
    for (let depth = 0; this.at < this.text.length; ) {
      const c = this.text[this.at];
      if (this.starts('//')) this.comment('//', '\n');
      else if (this.starts('/*')) this.comment('/*', '*/');
      else if (c === "'" || c === '"') this.string(c, true);
      else if (c === '`') this.template();
      else if (c === '/' && this.operandExpected() && this.regex()) continue;
      else if (c === '<' && this.jsx && this.operandExpected() && this.tagAhead()) this.element();
      else {
        if (c === '}' && depth === 0) return;
        if (c === '{') depth++;
        if (c === '}') depth--;
        this.step();
      }
    }
  }

  private starts(sign: string): boolean {
    return this.text.startsWith(sign, this.at);
  }

  private step(): void {
    if (!/\s/.test(this.text[this.at] ?? ' ')) this.last = this.at;
    this.at++;
  }

  private blank(from: number, to: number): void {
    this.blanks.push([from, to]);
  }

  private comment(open: string, close: string): void {
    const start = this.at;
    const end = this.text.indexOf(close, start + open.length);
    const stop = end === -1 ? this.text.length : end;
    this.comments.push({ text: this.text.slice(start + open.length, stop), start });
    this.at = close === '\n' ? stop : Math.min(stop + close.length, this.text.length);
    this.blank(start, this.at);
  }

  /** In code a string ends with its line at the latest; in JSX it has no escapes and may span lines. */
  private string(quote: string, in_code: boolean): void {
    const start = this.at++;
    while (this.at < this.text.length && this.text[this.at] !== quote) {
      if (in_code && this.text[this.at] === '\n') break;
      this.at += in_code && this.text[this.at] === '\\' ? 2 : 1;
    }
    this.strings.push({ text: this.text.slice(start + 1, this.at), start });
    this.blank(start + 1, this.at);
    this.last = this.at++;
  }

  private template(): void {
    const start = this.at++;
    const piece: Piece = { text: '', start };
    this.strings.push(piece);
    for (let from = this.at; this.at < this.text.length; ) {
      const ends = this.text[this.at] === '`';
      const interpolates = this.starts('${');
      if (ends || interpolates) {
        piece.text += this.text.slice(from, this.at);
        this.blank(from, this.at);
      }
      if (ends) break;
      if (interpolates) {
        piece.text += '?';
        this.last = ++this.at;
        this.at++;
        this.code();
        from = this.at + 1;
      }
      this.at += this.text[this.at] === '\\' ? 2 : 1;
    }
    this.last = this.at++;
  }

  private regex(): boolean {
    const found = /\/(?:[^\n\\[/]|\\.|\[(?:[^\n\\\]]|\\.)*\])+\/[a-z]*/y;
    found.lastIndex = this.at;
    const match = found.exec(this.text);
    if (!match) return false;
    this.blank(this.at + 1, this.at + match[0].lastIndexOf('/'));
    this.at += match[0].length;
    this.last = this.at - 1;
    return true;
  }

  private operandExpected(): boolean {
    const before = this.text.slice(Math.max(0, this.last - 14), this.last + 1);
    const word = /(\.?)\b([A-Za-z_$][\w$]*)$/.exec(before);
    if (word) return word[1] === '' && before_operand.has(word[2] ?? '');
    return !/(?:[\w$)\]}"'`]|\+\+|--)$/.test(before);
  }

  private tagAhead(): boolean {
    const ahead = this.text.slice(this.at, this.at + 80);
    return /^<(?:>|[A-Za-z][\w.:-]*[\s/><])/.test(ahead) && !/^<\w+\s*(?:,|extends\b)/.test(ahead);
  }

  /** An element with its children, from `<` to the `>` that ends it. */
  private element(): void {
    if (this.tag()) this.children();
  }

  /** An opening tag; true when children follow. */
  private tag(): boolean {
    this.step();
    for (let angles = 0; this.at < this.text.length; ) {
      const c = this.text[this.at];
      if (c === '"' || c === "'") this.string(c, false);
      else if (this.starts('//')) this.comment('//', '\n');
      else if (this.starts('/*')) this.comment('/*', '*/');
      else if (c === '{') this.braces();
      else {
        const closed = c === '>' && angles === 0;
        if (c === '<') angles++;
        if (c === '>') angles--;
        this.step();
        if (closed) return this.text[this.at - 2] !== '/';
      }
    }
    return false;
  }

  private children(): void {
    while (this.at < this.text.length) {
      const stop = this.text.slice(this.at).search(/[<{]/);
      if (stop === -1) break;
      this.blank(this.at, this.at + stop);
      this.at += stop;
      if (this.text[this.at] === '{') this.braces();
      else if (this.starts('</')) {
        const end = this.text.indexOf('>', this.at);
        this.at = end === -1 ? this.text.length : end + 1;
        this.last = this.at - 1;
        return;
      } else this.element();
    }
  }

  private braces(): void {
    this.step();
    this.code();
    this.step();
  }

  private blanked(): string {
    let code = '';
    let from = 0;
    for (const [start, end] of this.blanks.sort((a, b) => a[0] - b[0])) {
      code += this.text.slice(from, start) + this.text.slice(start, end).replace(/[^\n]/g, ' ');
      from = end;
    }
    return code + this.text.slice(from);
  }
}
