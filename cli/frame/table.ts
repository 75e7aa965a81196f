import Table from 'cli-table3';
import { oneLine } from './format.ts';

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Numbers stand under each other by their last digit. */
  align?: 'right';
  /** Gives way when the terminal is narrow; ids never do. */
  flexible?: boolean;
}

const gap = 2;
const least_width = 8;

/** Rows under their titles, no wider than the terminal as far as flexible columns allow. */
export function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string {
  const cells = rows.map((row) => columns.map(({ value }) => oneLine(value(row))));
  const natural = columns.map(({ title }, n) =>
    Math.max(title.length, ...cells.map((row) => visibleLength(row[n] ?? ''))),
  );
  const widths = fitted(natural, columns, width);
  const table = new Table({
    head: columns.map(({ title }) => title),
    colWidths: widths.map((of) => of + gap),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
    chars: bare,
  });
  for (const row of cells) table.push(row);
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

const sides = ['top', 'bottom', 'mid', 'left', 'right', 'middle', 'left-mid', 'mid-mid', 'right-mid'] as const;
const corners = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'] as const;
const bare = Object.fromEntries([...sides, ...corners].map((name) => [name, '']));

const visibleLength = (text: string): number => [...text].length;

/** Takes what is too much from the widest flexible column, again and again. */
function fitted<Row>(natural: readonly number[], columns: readonly Column<Row>[], width: number): number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, of) => sum + of + gap, 0);
  for (;;) {
    const over = total() - width;
    const flexible = columns.flatMap(({ flexible: yes }, n) => (yes && (widths[n] ?? 0) > least_width ? [n] : []));
    const widest = flexible.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (over <= 0 || widest === undefined) return widths;
    const of = widths[widest] ?? 0;
    widths[widest] = Math.max(least_width, of - Math.min(over, Math.max(1, Math.floor(of / 4))));
  }
}

/** Names with their values below each other. */
export function factsOf(facts: readonly (readonly [string, string | null])[]): string {
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
