/** Deeper nesting than this is refused: no request needs it, and walking it would overflow the stack. */
export const max_depth = 128;

/**
 * Values beyond this many are refused: parsing takes the process seconds then, in which it does nothing else. The longest
 * input that a provider takes, 300,000 tokens as numbers, stays below.
 */
export const max_values = 400_000;

/** Where a top-level member stands in the text: its name, its value, and the end of the value. */
interface Member {
  name: string;
  start: number;
  value: number;
  end: number;
}

interface Scan {
  /** Offset of the first `{`. */
  open: number;
  members: Member[];
  duplicate: string | null;
  too_deep_at: number | null;
  /** There are more values than asked for; nothing after them was looked at. */
  too_many: boolean;
}

/**
 * One pass over JSON text without building values. Text that is not JSON gives a meaningless result but always ends;
 * `JSON.parse` is what judges syntax. Duplicates below the top level are looked for only when `is_deep`.
 */
export function scan(text: string, is_deep: boolean, most_values = Infinity): Scan {
  const result: Scan = { open: text.indexOf('{'), members: [], duplicate: null, too_deep_at: null, too_many: false };
  const names: (Names | null)[] = [];
  /** By depth: there are as many objects as a body has room for, and most have few members. */
  const used: Names[] = [];
  let values = 0;
  let member: Member | null = null;
  let is_key = false;
  let last = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09) continue;
    if (char === 0x22) {
      const end = stringEnd(text, at);
      const seen = is_key ? names.at(-1) : null;
      if (seen) {
        const name = keyOf(text, at, end);
        if (!seen.add(name)) result.duplicate ??= name;
        if (names.length === 1) member = { name, start: at, value: 0, end: 0 };
      } else if (member?.value === 0) member.value = at;
      is_key = false;
      at = end - 1;
    } else if (char === 0x3a) {
      is_key = false;
    } else if (char === 0x2c || char === 0x7d || char === 0x5d) {
      if (names.length === 1 && member !== null) {
        member.end = last;
        result.members.push(member);
        member = null;
      }
      if (char !== 0x2c) names.pop();
      else if (++values > most_values) return { ...result, too_many: true };
      else is_key = names.at(-1) !== null;
    } else {
      if (member?.value === 0) member.value = at;
      if (char === 0x7b || char === 0x5b) {
        if (names.length === max_depth) return { ...result, too_deep_at: at };
        if (++values > most_values) return { ...result, too_many: true };
        is_key = char === 0x7b && (is_deep || names.length === 0);
        names.push(is_key ? namesAt(used, names.length) : null);
      }
    }
    last = at + 1;
  }
  return result;
}

function namesAt(used: Names[], depth: number): Names {
  const known = used[depth];
  if (known) return known.clear();
  const made = new Names();
  used[depth] = made;
  return made;
}

/** A set costs more than it saves below this. */
const few = 16;

/** The names in one object, and then those in the next one at its depth. */
class Names {
  readonly #few: string[] = [];
  #many: Set<string> | null = null;

  clear(): this {
    this.#few.length = 0;
    this.#many = null;
    return this;
  }

  /** False when it is there already. */
  add(name: string): boolean {
    if (this.#many) {
      const { size } = this.#many;
      return this.#many.add(name).size > size;
    }
    if (this.#few.includes(name)) return false;
    if (this.#few.push(name) > few) this.#many = new Set(this.#few);
    return true;
  }
}

/** The offset after the closing quote of the string that opens at `open`, or the end of the text. */
function stringEnd(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (first - 1 > open && text.charCodeAt(first - 1) === 0x5c) first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function keyOf(text: string, open: number, end: number): string {
  const raw = text.slice(open + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(text.slice(open, end)));
  } catch {
    return raw;
  }
}
