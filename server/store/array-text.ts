import { storable } from './storable.ts';

const special = /["\\\0]/;

const quoted = (text: string): string =>
  special.test(text) ? `"${storable(text).replace(/["\\]/g, '\\$&')}"` : `"${text}"`;

/** One element of an array. */
function elementText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** An array of texts, numbers, flags or nulls as the database reads it. */
export function arrayText(values: readonly unknown[]): string {
  let text = '{';
  for (const value of values) text += text.length > 1 ? `,${elementText(value)}` : elementText(value);
  return `${text}}`;
}

/** One member of all rows, as such an array; without elements where all are null, for `unnest` fills up with nulls. */
export function columnText<Row>(rows: readonly Row[], name: keyof Row): string {
  if (rows.every((row) => row[name] === null || row[name] === undefined)) return '{}';
  let text = '{';
  for (const row of rows) text += text.length > 1 ? `,${elementText(row[name])}` : elementText(row[name]);
  return `${text}}`;
}
