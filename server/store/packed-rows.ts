import type { Tx } from '../base/database.ts';

/** What a replay asks of a call or step, in the order in which it is packed: when, who, and what it used. */
const members = [
  ...(['admitted_ms', 'settled_ms', 'id'] as const),
  ...(['run_id', 'project_id', 'agent_id', 'actor_id', 'api_key_id', 'session_id'] as const),
  ...(['provider', 'model', 'tags', 'tools', 'usage_source'] as const),
  ...(['bound_input', 'bound_by', 'bound_wanted', 'bound_floor', 'choices', 'tool_results'] as const),
  ...(['base_pico', 'output_pico', 'input_tokens', 'output_tokens', 'cost_usd'] as const),
] as const;
type Member = (typeof members)[number];

/** The place of each member in a row. */
export const place = Object.fromEntries(members.map((name, nth) => [name, nth])) as Record<Member, number>;

/** The column of each member; null: the rows have none. */
export type PackedColumns = Record<Member, string | null>;

/** What stands between two members and between two rows: JSON escapes both, and in names they are replaced. */
const between_members = 0x1f;
const between_rows = '\u001e';
const named_by_callers = new Set<Member>(['provider', 'model']);
const instants = new Set<Member>(['admitted_ms', 'settled_ms']);

/**
 * Reads rows as one text, to be taken apart where they are needed: the driver would make each member of each row by
 * itself, which takes several times as long.
 */
export async function readPacked(tx: Tx, columns: PackedColumns, from: string, values: unknown[]): Promise<PackedRows> {
  const packed = members.map((name) => packedText(name, columns[name])).join(', ');
  const [found] = await tx.query<{ rows: string | null }>(
    `select string_agg(packed, e'\\x1e') as rows from (select concat_ws(e'\\x1f', ${packed}) as packed from ${from}) of_rows`,
    values,
  );
  return new PackedRows(found?.rows ?? '');
}

function packedText(name: Member, column: string | null): string {
  if (column === null) return "''";
  if (instants.has(name)) return `(date_part('epoch', ${column}) * 1000)::bigint`;
  const text = `coalesce((${column})::text, '')`;
  return named_by_callers.has(name) ? `translate(${text}, e'\\x1e\\x1f', '??')` : text;
}

const zero = 0x30;
const nine = 0x39;
const point = 0x2e;

/** A number of so many digits is exact as a double. */
const exact_digits = 15;

/**
 * Rows as the text that the database made of them. One row at a time is looked at, and only what is asked for is made: a
 * million rows of objects would be a matter of the garbage collector. A member that the database has not is ''.
 */
export class PackedRows {
  readonly #text: string;
  /** Where each row begins, and where one more would. */
  readonly #begins: number[] = [];
  /** The present row: where each of its members begins, and where one more would. */
  readonly #member = new Int32Array(members.length + 1);

  constructor(text: string) {
    this.#text = text;
    if (text === '') return;
    this.#begins.push(0);
    for (let at = text.indexOf(between_rows); at >= 0; at = text.indexOf(between_rows, at + 1))
      this.#begins.push(at + 1);
    this.#begins.push(text.length + 1);
  }

  get length(): number {
    return Math.max(0, this.#begins.length - 1);
  }

  /** When a row was admitted, whichever is looked at. */
  admittedMs(nth: number): number {
    let at = this.#begins[nth] ?? 0;
    let ms = 0;
    for (let code = this.#text.charCodeAt(at); code >= zero && code <= nine; code = this.#text.charCodeAt(++at))
      ms = ms * 10 + code - zero;
    return ms;
  }

  /** Looks at another row. */
  lookAt(nth: number): void {
    const text = this.#text;
    const member = this.#member;
    const ends = (this.#begins[nth + 1] ?? 0) - 1;
    let at = this.#begins[nth] ?? 0;
    member[0] = at;
    for (let next = 1; at < ends; at++) if (text.charCodeAt(at) === between_members) member[next++] = at + 1;
    member[members.length] = ends + 1;
  }

  has(nth: number): boolean {
    return this.#endOf(nth) > this.#beginOf(nth);
  }

  /** A part of the text, which keeps all of it in memory. */
  text(nth: number): string {
    return this.#text.slice(this.#beginOf(nth), this.#endOf(nth));
  }

  /** Several members with what stands between them. */
  span(first: number, last: number): string {
    return this.#text.slice(this.#beginOf(first), this.#endOf(last));
  }

  number(nth: number): number {
    const ends = this.#endOf(nth);
    let number = 0;
    for (let at = this.#beginOf(nth); at < ends; at++) {
      const code = this.#text.charCodeAt(at);
      if (code < zero || code > nine) return Number(this.text(nth));
      number = number * 10 + code - zero;
    }
    return number;
  }

  /** The digits of an amount as one whole number, exactly: of `0.000000042` 42n. */
  units(nth: number): bigint {
    const [begins, ends] = [this.#beginOf(nth), this.#endOf(nth)];
    if (ends - begins > exact_digits) return BigInt(this.text(nth).replace('.', ''));
    let number = 0;
    for (let at = begins; at < ends; at++) {
      const code = this.#text.charCodeAt(at);
      if (code !== point) number = number * 10 + code - zero;
    }
    return BigInt(number);
  }

  #beginOf(nth: number): number {
    return this.#member[nth] ?? 0;
  }

  #endOf(nth: number): number {
    return (this.#member[nth + 1] ?? 0) - 1;
  }
}
