import { type Named, namedBy } from '@aos/core/activity/named.ts';
import { Problem } from '@aos/core/base/error.ts';
import { firstSuffixAt, type IdKind, id_prefixes, idOf } from '@aos/core/base/id.ts';
import type { Total } from '@aos/core/base/total.ts';
import type { Database, Row, Tx } from '../base/database.ts';

/** Conditions of a list with their values. Text is always ours; what callers sent is only ever a value. */
export class Filter {
  readonly values: unknown[];
  readonly #conditions: string[] = [];

  /** With the values of other parts of the same statement, behind which its own come. */
  constructor(values: unknown[] = []) {
    this.values = values;
  }

  /** `?` stands for the value; of several values, each `?` for its own. Without a value the condition is left out. */
  where(condition: string, ...values: unknown[]): this {
    if (values.includes(undefined)) return this;
    const places = values.map((value) => `$${this.values.push(value)}`);
    let nth = 0;
    this.#conditions.push(condition.replaceAll('?', () => places[nth++ % places.length] ?? ''));
    return this;
  }

  /**
   * The column has one of these values. A single one is compared by `=`: the planner then knows that an index on the
   * column and the id is in the order of the list, which it does not know of `any`.
   */
  among(column: string, values: readonly unknown[] | undefined): this {
    if (values?.length === 1) return this.where(`${column} = ?`, values[0]);
    return this.where(`${column} = any(?)`, values);
  }

  /** The column has one of the values that are named, and none of those that are left out; without a value it has none. */
  named(column: string, named: Named | undefined): this {
    return this.among(column, named?.some).where(`(${column} = any(?)) is not true`, named?.none);
  }

  /** The same with the values of a filter as they were sent. */
  asked(column: string, values: readonly string[] | undefined): this {
    return this.named(column, values && namedBy(values));
  }

  always(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  get text(): string {
    return this.#conditions.join(' and ') || 'true';
  }
}

/** An id is made close to the instant of its row; clocks of two machines differ by less than this. */
const id_margin_ms = 3_600_000;

/** Rows from an instant on and before another one: exact by their own column, and by id so that partitions are skipped. */
export function within(
  filter: Filter,
  of: { id: string; kind: IdKind; at: string },
  from?: string,
  to?: string,
): Filter {
  const bound = (text: string, margin_ms: number) =>
    `${id_prefixes[of.kind]}_${firstSuffixAt(Math.max(0, Date.parse(text) + margin_ms))}`;
  if (from !== undefined) filter.where(`${of.at} >= ?`, from).where(`${of.id} >= ?`, bound(from, -id_margin_ms));
  if (to !== undefined) filter.where(`${of.at} < ?`, to).where(`${of.id} < ?`, bound(to, id_margin_ms));
  return filter;
}

export interface Listing {
  /** Table and alias, for example `runs r`. */
  table: string;
  /** The column that orders the list and that its cursor holds, for example `r.id`. */
  id: string;
  order: 'newest' | 'oldest';
  filter: Filter;
  /**
   * Rows that are not listed, when they are few and the others are most: the total is counted without looking at each
   * row for it.
   */
  without?: string | undefined;
  /** The only rows that can be listed, by their ids, when they are few: each is looked up until the page is full. */
  ids?: readonly string[] | undefined;
  /**
   * Conditions with values of the filter: a row is listed that any of them holds for. Each finds its own page in its own
   * way, so that one that holds for few rows does not let the others look through all.
   */
  any_of?: readonly string[] | undefined;
  /** The statement around the rows of the page, for what stands in other tables; it keeps their order itself. */
  around?: (rows: string) => string;
  /**
   * Reads what stands in other tables once the rows of the page are known: planned for the stretch of time that these are
   * of, and not for all partitions.
   */
  further?: (tx: Tx, rows: readonly Row[]) => Promise<Row[]>;
}

export interface Slice extends Total {
  rows: Row[];
  next_cursor: string | null;
}

export interface Page {
  limit: number;
  /** Id of the last row of the page before; null for the first page. */
  cursor: string | null;
}

/** Totals are exact up to here; counting further would cost more than the page. */
export const most_counted = 10_000;

/** A count that takes longer is given up: the page is worth more than its total. */
const count_timeout_ms = 200;
/** A page that takes longer is refused, and says so, before its flight is given up as if the database were away. */
const page_timeout_ms = 1_400;
const query_canceled = '57014';

/**
 * A plan for the very values that are asked for: only it knows whether they are rare, and which partial index holds
 * them (5 s instead of 10 ms for a rare one among ten million). Compiling it would take seconds over many partitions,
 * and cannot be interrupted.
 */
const planned_for_values =
  "select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)";

/** For statements that add up many rows in one transaction: they are run as they are, in enough memory to sort once. */
export async function readMany(tx: Tx): Promise<void> {
  await Promise.all([tx.query(planned_for_values), tx.query("set local work_mem = '64MB'")]);
}

/**
 * One page by keyset, and how many rows the list has in all. Both statements are sent at once. Rows that come while a
 * reader turns pages never shift the later ones.
 */
export async function readList(tx: Tx, list: Listing, page: Page): Promise<Slice> {
  const [rows, counted] = await Promise.all([readRows(tx, list, page), countRows(tx, list)]);
  return sliceOf(rows, page.limit, counted);
}

/**
 * The same for tables that grow with every call: a total that takes too long to count is given up. `scope`
 * is asked first, with it the rows where something further is read of them, then everything else is sent at once.
 */
export async function readLongList<Scope>(
  db: Database,
  tenant_id: string,
  scope: (tx: Tx) => Promise<Scope>,
  listing: (scope: Scope) => Listing,
  page: Page,
): Promise<Slice> {
  let rows: Row[] | null = null;
  const work = async (tx: Tx, { list, before }: { list: Listing; before: Row[] | undefined }) => {
    const reading = before && list.further ? list.further(tx, before) : readRows(tx, list, page);
    const limiting = limitCount(tx);
    const [read, limited, counted] = await Promise.allSettled([reading, limiting, countRows(tx, list)]);
    if (read.status === 'rejected') throw read.reason;
    rows = read.value;
    if (limited.status === 'rejected') throw limited.reason;
    if (counted.status === 'rejected') throw counted.reason;
    return sliceOf(rows, page.limit, counted.value);
  };
  const prepare = async (tx: Tx) => {
    const [, , found] = await Promise.all([limitTime(tx), tx.query(planned_for_values), scope(tx)]);
    const list = listing(found);
    return { list, before: list.further && (await readRows(tx, list, page)) };
  };
  try {
    return await db.tenantFlights(tenant_id, prepare, work);
  } catch (error) {
    if (rows !== null && isCanceled(error)) return sliceOf(rows, page.limit, wholeOf(rows, page));
    throw orTooMuch(error);
  }
}

/** How many there are where the first page has them all: then nothing is left to be counted. */
const wholeOf = (rows: readonly Row[], { limit, cursor }: Page): number | null =>
  cursor === null && rows.length <= limit ? rows.length : null;

/** For figures that are worth less than what they stand beside: `isCanceled` says that they took too long. */
export const limitTime = (tx: Tx): Promise<unknown> => tx.query(`set local statement_timeout = ${page_timeout_ms}`);

/** A count is worth no longer wait: what it is of is read without it. */
export const limitCount = (tx: Tx): Promise<unknown> => tx.query(`set local statement_timeout = ${count_timeout_ms}`);

/** The database ended a statement because it took too long. */
export const isCanceled = (error: unknown): boolean => (error as { code?: unknown }).code === query_canceled;

/** A statement that the database ended because it took too long, for the caller who asked for so much; else the error. */
export const orTooMuch = (error: unknown): unknown =>
  isCanceled(error)
    ? new Problem(
        'invalid_query',
        'The query asks for more rows than can be looked through in time. Narrow it: a range of time (from, to) helps most.',
      )
    : error;

function readRows(tx: Tx, list: Listing, page: Page): Promise<Row[]> {
  const values = [...list.filter.values];
  return tx.query(pageSql(list, page, values), values);
}

async function countRows(tx: Tx, list: Listing): Promise<number> {
  const values = [...list.filter.values];
  const [row] = await tx.query<{ n: number }>(countSql(list, values), values);
  return row?.n ?? 0;
}

/** The statement that counts a list; what it needs beyond the values of the filter it puts behind them. */
function countSql(list: Listing, values: unknown[]): string {
  const { table, id, filter, without, ids } = list;
  const most = most_counted + 1;
  if (list.any_of) return `select count(*)::int as n from (${keysOfAny(list, list.any_of, `limit ${most}`)}) found`;
  const found = `from ${table} where ${filter.text}`;
  // Each is looked up in its own partition; "any" would look for all of them in every one.
  if (ids !== undefined)
    return `select count(*)::int as n from (select from unnest($${values.push(ids)}::text[]) k
      cross join lateral (select ${found}${notOf(without)} and ${id} = k collate "C" offset 0) one limit ${most}) counted`;
  const left_out = without === undefined ? '0' : `(select count(*) ${found} and ${without})`;
  return `with left_out as materialized (select ${left_out} as n)
    select (count(*) - (select n from left_out))::int as n
      from (select ${found} limit ${most} + (select n from left_out)) counted`;
}

const notOf = (without: string | undefined): string => (without === undefined ? '' : ` and not (${without})`);

/** The statement of a page; what it needs beyond the values of the filter it puts behind them. */
function pageSql(list: Listing, { limit, cursor }: Page, values: unknown[]): string {
  const { table, id, order, filter, without, ids, around = (rows) => rows } = list;
  const [beyond, direction] = order === 'newest' ? ['<', 'desc'] : ['>', 'asc'];
  const after = cursor === null ? '' : ` and ${id} ${beyond} $${values.push(cursor)}`;
  const [, alias] = table.split(' ');
  const found = `select ${alias}.* from ${table} where ${filter.text}${notOf(without)}${after}`;
  const page = `order by ${id} ${direction} limit ${limit + 1}`;
  if (!list.any_of && ids === undefined) return around(`${found} ${page}`);
  // In the order of the list from the beginning, so that those behind the page are not even looked up.
  const keys = list.any_of
    ? `${keysOfAny(list, list.any_of, page, after)} order by 1 ${direction} limit ${limit + 1}`
    : `select k collate "C" as id from unnest($${values.push(ids)}::text[]) k order by 1 ${direction}`;
  return around(
    `select ${alias}.* from (${keys}) keys cross join lateral (${found} and ${id} = keys.id offset 0) ${alias}
      order by keys.id ${direction} limit ${limit + 1}`,
  );
}

/** The ids that any of the conditions finds, each so many. */
function keysOfAny(list: Listing, conditions: readonly string[], end: string, after = ''): string {
  const { table, id, filter, without } = list;
  return conditions
    .map((one) => `(select ${id} from ${table} where ${filter.text}${notOf(without)}${after} and (${one}) ${end})`)
    .join(' union ');
}

/** Rows read with one more than asked: that one only says that there is a next page. */
export function sliceOf(rows: Row[], limit: number, counted: number | null): Slice {
  return {
    rows: rows.slice(0, limit),
    next_cursor: rows.length > limit ? String(rows[limit - 1]?.id) : null,
    ...totalOf(counted, rows.length),
  };
}

/** What is known of how many there are: from a count, or, where none came to its end, from the rows that were seen. */
export const totalOf = (counted: number | null, seen = 0): Total => ({
  total: counted === null || counted > most_counted ? null : counted,
  total_at_least: counted === null ? seen : Math.min(counted, most_counted),
});

/** The newest rows of several lists that were read with the same page, as one list. */
export function mergeSlices(slices: readonly Slice[], limit: number): Slice {
  const [only] = slices;
  if (slices.length === 1 && only) return only;
  const rows = slices.flatMap((slice) => slice.rows).sort((a, b) => (String(a.id) > String(b.id) ? -1 : 1));
  const has_more = rows.length > limit || slices.some((slice) => slice.next_cursor !== null);
  const at_least = slices.reduce((sum, { total_at_least }) => sum + total_at_least, 0);
  const is_counted = slices.every(({ total }) => total !== null);
  const shown = rows.slice(0, limit);
  return {
    rows: shown,
    next_cursor: has_more ? String(shown.at(-1)?.id) : null,
    ...totalOf(is_counted ? at_least : null, at_least),
  };
}

/** The id after which a page begins. Throws `invalid_query` for what was not a cursor of this list. */
export function cursorOf(kind: IdKind, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  if (idOf(kind).safeParse(cursor).success) return cursor;
  throw new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of this list. Send next_cursor of the page before, or none for the first page.',
  );
}
