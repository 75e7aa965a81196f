import type { Tx } from '../base/database.ts';
import { columnText } from './array-text.ts';
import { jsonText } from './json-text.ts';

type ColumnType = 'text' | 'integer' | 'bigint' | 'numeric' | 'boolean' | 'json' | 'jsonb' | 'timestamptz';

/** Every member of a row with the type of its column. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: ColumnType };

/**
 * Stands between JSON texts, none of which can hold it: inside of them it is escaped. An array would need each of their
 * quotes escaped here and read back there, which costs more than the rest of the row.
 */
const between = '\x1f';

/**
 * Makes the statement that inserts rows of one table, whatever their number, each column as one array. Against rows as
 * JSON that is a tenth of the work in the database: 42 columns of 60 rows are read in 2 µs a row instead of 38. The
 * arrays are taken apart side by side in the list of what is selected, and not in `from`, which would first write each
 * of them to a store of its own: 4 µs a column, whatever the number of rows.
 * A row that is already there is left as it is, unless `on_conflict` says otherwise.
 */
export function inserter<Row extends object>(
  table: string,
  columns: Columns<Row>,
  on_conflict = 'on conflict do nothing',
): (tx: Tx, rows: readonly Row[]) => Promise<void> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const elements = names.map((name, n) =>
    isJson(columns[name])
      ? `unnest(string_to_array($${n + 1}, chr(${between.charCodeAt(0)}), ''))::${columns[name]}`
      : `unnest($${n + 1}::${columns[name]}[])`,
  );
  const statement = `insert into ${table} (${names.join(', ')}) select ${elements.join(', ')} ${on_conflict}`;
  return async (tx, rows) => {
    if (rows.length === 0) return;
    await tx.query(
      statement,
      names.map((name) => (isJson(columns[name]) ? jsonTexts(rows, name) : columnText(rows, name))),
      `insert_${table}`,
    );
  };
}

const isJson = (type: ColumnType): boolean => type === 'json' || type === 'jsonb';

/** A column of JSON in all rows; null is the empty text, which is no JSON. */
function jsonTexts<Row>(rows: readonly Row[], name: keyof Row): string {
  let text = '';
  for (const [n, row] of rows.entries()) {
    const value = row[name];
    if (n > 0) text += between;
    if (value !== null && value !== undefined) text += jsonText(value);
  }
  return text;
}
