import { InvalidArgumentError } from 'commander';
import { amount } from './format.ts';
import type { Session } from './session.ts';
import { type Column, tableOf } from './table.ts';

interface Listed<Row> {
  items: readonly Row[];
  total?: number | null;
  next_cursor?: string | null;
}

/** Shows a part of a list as a table, says how much of it is there, and what to do next. */
export function showList<Row>(
  session: Session,
  page: Listed<Row>,
  of: { what: string; columns: readonly Column<Row>[]; empty: string; next?: string | undefined },
): void {
  const { items, total = items.length, next_cursor } = page;
  session.show({
    data: page,
    text: () => (items.length === 0 ? '' : tableOf(items, of.columns, session.terminal.columns)),
  });
  if (session.options.json || session.options.jsonl) return;
  if (items.length === 0) session.note(`No ${of.what}.`);
  else if (next_cursor)
    session.note(
      session.style.dim(
        `${items.length} of ${total === null ? '≥ 10,000' : amount(total)} ${of.what}; --limit shows more`,
      ),
    );
  const next = items.length === 0 ? of.empty : of.next;
  if (next !== undefined) session.hint(next);
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
