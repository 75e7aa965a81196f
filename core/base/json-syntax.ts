type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

const white_space = /[ \t\r\n]*/y;
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const escape_sequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * The offset of the first character that makes a text no JSON text (RFC 8259), its length when it only ends too early.
 * For error messages alone: what `JSON.parse` throws quotes the text, which may be confidential, and names the
 * position only sometimes.
 */
export function firstSyntaxError(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = endOf(white_space, text, 0);
  while (at < text.length) {
    const char = text.charAt(at);
    let next = at + 1;
    if (expected === 'nothing') return at;
    if (char === '"' && expected !== 'colon' && expected !== 'comma or end') {
      const end = stringEnd(text, at);
      if (end < 0) return -end;
      next = end;
      expected = expected.startsWith('key') ? 'colon' : after(open);
    } else if (expected === 'colon') {
      if (char !== ':') return at;
      expected = 'value';
    } else if (expected === 'comma or end' && char === ',') {
      expected = open.at(-1) === '}' ? 'key' : 'value';
    } else if (expected.endsWith('or end') && char === open.at(-1)) {
      open.pop();
      expected = after(open);
    } else if (!expected.startsWith('value')) {
      return at;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']');
      expected = char === '{' ? 'key or end' : 'value or end';
    } else {
      next = endOf(scalar, text, at);
      if (next === at) return at;
      expected = after(open);
    }
    at = endOf(white_space, text, next);
  }
  return text.length;
}

function after(open: string[]): Expected {
  return open.length > 0 ? 'comma or end' : 'nothing';
}

/** The offset after the closing quote, or minus the offset of what is wrong. */
function stringEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return -at;
    if (code !== 0x5c) at++;
    else {
      const end = endOf(escape_sequence, text, at);
      if (end === at) return -Math.min(at + 1, text.length);
      at = end;
    }
  }
  return -text.length;
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
