import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useHeldRows } from './held-rows.ts';
import { useKeyWords } from './key-words.ts';
import styles from './Table.module.css';
import { rowHeight, useWindow } from './window.ts';

export interface Column<Row> {
  id: string;
  title: string;
  /** A track of a CSS grid: `120px`, `minmax(160px, 1fr)`. */
  width: string;
  align?: 'end';
  /** Gives its place to the others where the table is narrower than this many pixels. */
  from?: number;
  /** Stays in sight at the right end when the table scrolls sideways. */
  stays?: boolean;
  cell: (row: Row) => ReactNode;
}

export interface TableProps<Row> {
  /** What is listed, for those who cannot see it. */
  label: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  columns: readonly Column<Row>[];
  /** Below this width in pixels the table scrolls sideways. */
  least?: number;
  /** How many rows there are in all; null: more than were counted. */
  total?: number | null | undefined;
  /** The row shown beside the table. */
  peeked?: string | null | undefined;
  onOpen?: (row: Row) => void;
  onPeek?: (row: Row) => void;
  /** Another key on the row with the cursor; true: it was understood. */
  onKey?: (key: string, row: Row) => boolean;
  /** The end of what is loaded has come into sight. */
  onEnd?: (() => void) | undefined;
  footer?: ReactNode;
  empty: ReactNode;
}

/** A list of any length in rows of one height, of which only those in sight are in the page. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, keyOf, least = 0, total, peeked, onOpen, onPeek, footer, empty } = props;
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const { first, last, width, scrolled, hovered, onScroll, onHover } = useWindow(grid);
  const columns = props.columns.filter(({ from = 0 }) => from <= width);
  const [cursor, setCursor] = useState(0);
  const { rows, waiting } = useHeldRows(props.rows, keyOf, scrolled || hovered || peeked != null);
  const at = Math.min(cursor, rows.length - 1);
  const shown = rows.slice(first, last);
  const { onEnd } = props;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length) onEnd?.();
  }, [last, rows.length, onEnd]);
  useFocusByKey(grid);
  useKeyWords({
    'j k': 'Next and previous row',
    ...(onPeek && { Space: 'Look at the row beside the list' }),
    ...(onOpen && { Enter: 'Open the row' }),
  });

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setCursor(next);
    reveal(grid.current, next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at];
    if (event.target !== grid.current || event.metaKey || event.ctrlKey || event.altKey || row === undefined) return;
    if (act(event.key, { row, at, count: rows.length, move, ...props })) event.preventDefault();
  };
  const tracks = { '--columns': columns.map(({ width }) => width).join(' '), '--least': `${least}px` };

  return (
    <div className={styles.frame}>
      {waiting > 0 && (
        <div className={styles.pill} role="status">
          <button type="button" onClick={() => grid.current?.scrollTo({ top: 0 })}>
            {waiting} new
          </button>
        </div>
      )}
      <div
        ref={grid}
        className={styles.grid}
        style={tracks as Record<string, string>}
        role="grid"
        aria-label={label}
        aria-rowcount={(total ?? rows.length) + 1}
        aria-activedescendant={rows.length > 0 ? `${id}-${at}` : undefined}
        tabIndex={0}
        onScroll={onScroll}
        onMouseEnter={() => onHover(true)}
        onMouseLeave={() => onHover(false)}
        onKeyDown={onKeyDown}
      >
        <div className={styles.head} role="row" aria-rowindex={1} tabIndex={-1}>
          {columns.map((column) => (
            <div key={column.id} role="columnheader" tabIndex={-1} className={cellClass(column)}>
              {column.title}
            </div>
          ))}
        </div>
        <div
          className={styles.body}
          role="rowgroup"
          style={rows.length === 0 ? undefined : { height: rows.length * rowHeight }}
        >
          {rows.length === 0 && (
            <div role="row" tabIndex={-1}>
              <div role="gridcell" tabIndex={-1}>
                {empty}
              </div>
            </div>
          )}
          {shown.map((row, offset) => (
            <div
              key={keyOf(row)}
              id={`${id}-${first + offset}`}
              role="row"
              tabIndex={-1}
              aria-rowindex={first + offset + 2}
              aria-selected={peeked === keyOf(row)}
              className={`${styles.row} ${first + offset === at ? styles.active : ''}`}
              style={{ top: (first + offset) * rowHeight }}
              onClick={(event) => {
                setCursor(first + offset);
                if (isPlain(event.target)) (onPeek ?? onOpen)?.(row);
              }}
              onDoubleClick={() => onOpen?.(row)}
              onKeyDown={() => undefined}
            >
              {columns.map((column) => (
                <div key={column.id} role="gridcell" tabIndex={-1} className={cellClass(column)}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          ))}
        </div>
      </div>
      {footer && <div className={styles.foot}>{footer}</div>}
    </div>
  );
}

const cellClass = ({ align, stays }: { align?: 'end'; stays?: boolean }): string =>
  `${styles.cell} ${align === 'end' ? styles.end : ''} ${stays ? styles.stays : ''}`;

/** A click on a link or a button in a row is about that and not about the row. */
const isPlain = (target: EventTarget): boolean =>
  target instanceof Element && target.closest('a, button, input') === null;

interface Acting<Row> extends Pick<TableProps<Row>, 'onOpen' | 'onPeek' | 'onKey'> {
  row: Row;
  at: number;
  count: number;
  move: (to: number) => void;
}

const page_rows = 20;

function act<Row>(key: string, { row, at, count, move, onOpen, onPeek, onKey }: Acting<Row>): boolean {
  const steps: Record<string, number> = {
    j: at + 1,
    ArrowDown: at + 1,
    k: at - 1,
    ArrowUp: at - 1,
    PageDown: at + page_rows,
    PageUp: at - page_rows,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  if (to !== undefined) move(to);
  else if (key === 'Enter' && onOpen) onOpen(row);
  else if (key === ' ' && onPeek) onPeek(row);
  else return onKey?.(key, row) ?? false;
  return true;
}

function reveal(grid: HTMLElement | null, row: number): void {
  if (!grid) return;
  const [top, below] = [row * rowHeight, row * rowHeight + 2 * rowHeight];
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (below > grid.scrollTop + grid.clientHeight) grid.scrollTop = below - grid.clientHeight;
}

/** `j` or `k` on a page where nothing has the focus gives it to the table. */
function useFocusByKey(grid: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const is_free = document.activeElement === document.body && !event.metaKey && !event.ctrlKey;
      if (is_free && (event.key === 'j' || event.key === 'k')) grid.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [grid]);
}
