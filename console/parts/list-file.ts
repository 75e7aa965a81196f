/** A list as a file: a line of JSON for each row, or a table of comma-separated values. */
export type FileKind = 'csv' | 'jsonl';

type Row = Readonly<Record<string, unknown>>;

/** A sheet takes what begins like this for a formula and would carry it out. */
const formula = /^[=+\-@\t\r]/;
const number = /^-?\d+(\.\d+)?$/;

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const inert = formula.test(text) && !number.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** Every property that any of the rows has, in the order of the first that has it. */
export function fileText(kind: FileKind, rows: readonly Row[]): string {
  if (kind === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');
}

const types = { csv: 'text/csv', jsonl: 'application/x-ndjson' };

/** Gives the reader the file. */
export function download(name: string, kind: FileKind, rows: readonly Row[]): void {
  const url = URL.createObjectURL(new Blob([fileText(kind, rows)], { type: types[kind] }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.${kind}`;
  link.click();
  URL.revokeObjectURL(url);
}
