import { type Total, totalText } from '@aos/core/base/total.ts';
import { InvalidArgumentError } from 'commander';
import type { Session } from './session.ts';
import { type Column, tableOf } from './table.ts';

interface Listed<Row> {
  items: readonly Row[];
  total?: number | null;
  total_at_least?: number;
  next_cursor?: string | null;
}

interface Shown<Row> {
  what: string;
  columns: readonly Column<Row>[];
  /** The next command where there are no rows, and where there are some. */
  empty: string;
  next?: string | undefined;
  /** What an empty list says besides. */
  besides?: (() => Promise<string>) | undefined;
  /** Asks for the synthetic rows that were left out; absent where none were. */
  synthetic?: (() => Promise<Listed<unknown>>) | undefined;
}

/** Shows a part of a list as a table, says how much of it is there, and what to do next. */
export async function showList<Row>(session: Session, page: Listed<Row>, of: Shown<Row>): Promise<void> {
  const { items, next_cursor } = page;
  session.show({
    data: page,
    text: () => (items.length === 0 ? '' : tableOf(items, of.columns, session.terminal.columns)),
  });
  if (session.options.json || session.options.jsonl) return;
  if (items.length === 0) session.note(`No ${of.what}.${(await of.besides?.()) ?? ''}${await unshown(of)}`);
  else if (next_cursor)
    session.note(session.style.dim(`${items.length} of ${totalText(totalOf(page))} ${of.what}; --limit shows more`));
  const next = items.length === 0 ? of.empty : of.next;
  if (next !== undefined) session.hint(next);
}

/** Lists that are whole say no total. */
const totalOf = ({ items, total = items.length, total_at_least = items.length }: Listed<unknown>): Total => ({
  total,
  total_at_least,
});

/** What an empty list leaves out in silence is taken for what is not there. */
async function unshown<Row>({ synthetic }: Shown<Row>): Promise<string> {
  if (!synthetic) return '';
  const made = totalOf(await synthetic());
  const { total } = made;
  if (total === 0) return '';
  return ` ${totalText(made)} synthetic ${total === 1 ? 'one is' : 'ones are'} not shown; --synthetic shows ${total === 1 ? 'it' : 'them'}.`;
}

/** `--limit`: how many rows. */
export function rowLimit(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 200) return value;
  throw new InvalidArgumentError('It is a whole number from 1 to 200.');
}

export function howMany(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It is a whole number from 1.');
}

/** Of an option that takes names, in its help. A shell takes a `!` without quotes for a word of its history. */
export const left_out = "'!name' in quotes leaves it out";

/** `--file a --file b`, `--agent a,b`. */
export const several = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(',').filter(Boolean),
];
