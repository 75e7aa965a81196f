/** A function with a body: its name (empty when it has none), its first line and how many lines it has. */
export interface FunctionSpan {
  name: string;
  line: number;
  lines: number;
}

const control_words = new Set('if for while switch catch await return typeof'.split(' '));
/** Words of a type after which the type goes on. */
const type_operators = new Set('keyof is asserts infer readonly extends typeof unique'.split(' '));

/**
 * Functions, methods and arrow functions of code whose comments and literals are blanked. Every function has a
 * parameter list, so each pair of parentheses is asked whether a body follows it.
 */
export function functionsOf(code: string): FunctionSpan[] {
  const pairs = bracketPairs(code);
  const lines = lineNumbers(code);
  const found: FunctionSpan[] = [];
  /** Where each return type ends, by where it begins: a list inside one has no body. */
  const types: [number, number][] = [];
  for (const [open, close] of pairs) {
    if (code[open] !== '(' || types.some(([from, to]) => open > from && open < to)) continue;
    const head = headBefore(code, open);
    const body = bodyAfter(code, close, pairs);
    if (body === null || (!body.arrow && !head.callable)) continue;
    types.push([close, body.at]);
    const end = pairs.get(body.at) ?? expressionEnd(code, body.at, pairs);
    const first = lines(head.start);
    found.push({ name: head.name, line: first, lines: lines(end) - first + 1 });
  }
  return found;
}

function bracketPairs(code: string): Map<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  const closing: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
  for (let i = 0; i < code.length; i++) {
    const c = code[i] ?? '';
    if ('([{'.includes(c)) open.push(i);
    else if (closing[c] && code[open.at(-1) ?? -1] === closing[c]) pairs.set(open.pop() ?? 0, i);
  }
  return pairs;
}

function lineNumbers(code: string): (offset: number) => number {
  const breaks = [...code.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => breaks.filter((at) => at < offset).length + 1;
}

/** What stands before a parameter list: the function's name, and whether a block after the list is its body. */
function headBefore(code: string, open: number): { name: string; start: number; callable: boolean } {
  const before = withoutTypeParameters(code.slice(Math.max(0, open - 400), open).trimEnd());
  const offset = open - Math.min(open, 400);
  const arrow = /([A-Za-z_$][\w$]*)\s*(?::[^=;{}]*)?=\s*(?:async\s*)?$/.exec(before);
  if (arrow) return { name: arrow[1] ?? '', start: offset + arrow.index, callable: false };
  const method = /(\bextends\s+)?((?:\bfunction\b\s*\*?\s*)?)([A-Za-z_$#][\w$]*|\])$/.exec(before);
  if (!method || method[1]) return { name: '', start: open, callable: false };
  const word = method[3] ?? '';
  const name = word === 'function' || word === ']' ? '' : word;
  return { name, start: offset + method.index, callable: !control_words.has(word) };
}

/** `name<T extends A<B>>` without the brackets and what is in them. */
function withoutTypeParameters(text: string): string {
  if (!text.endsWith('>') || text.endsWith('=>')) return text;
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === '>' && text[i - 1] !== '=') depth++;
    if (text[i] === '<' && --depth === 0) return text.slice(0, i).trimEnd();
  }
  return text;
}

interface Body {
  at: number;
  arrow: boolean;
}

/** Where the body begins after the parameter list that ends at `close`; null when none does. */
function bodyAfter(code: string, close: number, pairs: Map<number, number>): Body | null {
  let at = skipSpace(code, close + 1);
  if (code[at] === '{') return { at, arrow: false };
  if (code.startsWith('=>', at)) return { at: skipSpace(code, at + 2), arrow: true };
  if (code[at] !== ':') return null;
  // A return type: the body is the first `{` after a complete type, or what follows the arrow.
  let complete = false;
  let parameters = false;
  for (at = skipSpace(code, at + 1); at < code.length; at = skipSpace(code, at)) {
    const c = code[at] ?? '';
    if (c === '{' && complete) return { at, arrow: false };
    if (code.startsWith('=>', at)) {
      if (!parameters) return { at: skipSpace(code, at + 2), arrow: true };
      [complete, parameters, at] = [false, false, at + 2];
      continue;
    }
    const word = /^[\w$.]+/.exec(code.slice(at, at + 80))?.[0];
    const end = word ? at + word.length - 1 : (pairs.get(at) ?? closingSign(code, at, pairs));
    if (end !== null) {
      parameters = c === '(' && !/=>|\|/.test(code.slice(at, end));
      complete = !(word && type_operators.has(word));
      at = end + 1;
    } else if ('|&?:'.includes(c)) [complete, at] = [false, at + 1];
    else return null;
  }
  return null;
}

/** The end of type arguments or of a literal that begins at `at`; null for anything else. */
function closingSign(code: string, at: number, pairs: Map<number, number>): number | null {
  const c = code[at] ?? '';
  if (`'"\``.includes(c)) return code.indexOf(c, at + 1);
  if (c !== '<') return null;
  let depth = 0;
  for (let i = at; i < code.length && code[i] !== ';'; i++) {
    i = pairs.get(i) ?? i;
    if (code[i] === '<') depth++;
    if (code[i] === '>' && code[i - 1] !== '=' && --depth === 0) return i;
  }
  return null;
}

function skipSpace(code: string, at: number): number {
  let next = at;
  while (/\s/.test(code[next] ?? '')) next++;
  return next;
}

/** The last character of an expression that is the body of an arrow function. */
function expressionEnd(code: string, from: number, pairs: Map<number, number>): number {
  let at = from;
  while (at < code.length && !',;)]}'.includes(code[at] ?? '')) at = (pairs.get(at) ?? at) + 1;
  return at - 1;
}
