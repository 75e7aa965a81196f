import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

type ColumnType = 'text' | 'integer' | 'bigint' | 'numeric' | 'boolean' | 'jsonb' | 'timestamptz';

/** Every member of a row with the type of its column. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: ColumnType };

/**
 * Makes the statement that inserts rows of one table, whatever their number, each column as one array. Against rows as
 * JSON that is a tenth of the work in the database: 42 columns of 60 rows are read in 2 µs a row instead of 38.
 * A row that is already there is left as it is, unless `on_conflict` says otherwise.
 */
export function inserter<Row extends object>(
  table: string,
  columns: Columns<Row>,
  on_conflict = 'on conflict do nothing',
): (tx: Tx, rows: readonly Row[]) => Promise<void> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const arrays = names.map((name, n) => `$${n + 1}::${columns[name]}[]`);
  const statement = `insert into ${table} (${names.join(', ')}) select * from unnest(${arrays.join(', ')}) ${on_conflict}`;
  return async (tx, rows) => {
    if (rows.length === 0) return;
    await tx.query(
      statement,
      names.map((name) => arrayText(rows, name, columns[name])),
      `insert_${table}`,
    );
  };
}

/** One column of all rows as the text of an array. */
function arrayText<Row>(rows: readonly Row[], name: keyof Row, type: ColumnType): string {
  let text = '{';
  for (const row of rows) {
    if (text.length > 1) text += ',';
    const value: unknown = row[name];
    if (value === null || value === undefined) text += 'NULL';
    else if (type === 'jsonb') text += quoted(jsonText(value));
    else if (typeof value === 'string') text += quoted(value);
    else text += String(value);
  }
  return `${text}}`;
}

const special = /["\\\0]/;

/** The database has no place for NUL; see `jsonText`. */
const quoted = (text: string): string =>
  special.test(text) ? `"${text.replaceAll('\0', '\ufffd').replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
