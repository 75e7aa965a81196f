import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
} from 'react';
import { reveal, useCursor } from './cursor.ts';
import { more_room, useDensity } from './density.ts';
import { useHeldRows } from './held-rows.ts';
import { useKeptPlace } from './kept-place.ts';
import { useKeyWords } from './key-words.ts';
import type { Place } from './Menu.tsx';
import { useNarrow } from './narrow.ts';
import styles from './Table.module.css';
import { TableHead } from './TableHead.tsx';
import { type CellColumn, TableRow } from './TableRow.tsx';
import { type Titled, useWidths, type Widths } from './widths.ts';
import { rowHeight, useWindow } from './window.ts';

export interface Column<Row> extends CellColumn<Row>, Titled {
  /** Gives its place to the others where the table is narrower than this many pixels. */
  from?: number;
}

/** A row in several lines, where the window is too narrow for columns. */
export interface Folded<Row> {
  /** In pixels of the window. */
  below: number;
  /** Of each row, in pixels. */
  height: number;
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
  /** Of each row, in pixels, where its cells have more than one line. */
  height?: number;
  folded?: Folded<Row>;
  /** How many rows there are in all; null: more than were counted. */
  total?: number | null | undefined;
  /** New rows wait until they are asked for. */
  is_still?: boolean;
  /** The row shown beside the table. */
  peeked?: string | null | undefined;
  onOpen?: (row: Row) => void;
  onPeek?: (row: Row) => void;
  /** The keys of the rows that are chosen, for something that is done to all of them; absent: none can be. */
  chosen?: ReadonlySet<string>;
  onChoose?: (row: Row) => void;
  /** What can be done with a row, asked for with `.` or the other button of the mouse. */
  onMenu?: (row: Row, at: Place) => void;
  /** What it lists, so that who comes back finds it where it was left. */
  place?: string;
  /** Another key on the row with the cursor; true: it was understood. */
  onKey?: (key: string, row: Row) => boolean;
  /** The end of what is loaded has come into sight. */
  onEnd?: (() => void) | undefined;
  /** What somebody made of the widths of the columns, and how that is kept; absent: they are as they are. */
  widths?: Widths;
  onWidth?: (id: string, px: number | null) => void;
  footer?: ReactNode;
  empty: ReactNode;
}

/** How many rows before the end of what is loaded more is asked for. */
const ahead_rows = 40;
const choice_width = '24px';

/** A list of any length in rows of one height, of which only those in sight are in the page. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, keyOf, total, peeked, onOpen, onPeek, chosen, onChoose, footer, empty } = props;
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  useKeptPlace(grid, props.place, props.rows.length > 0);
  const folded = useFolded(props);
  const height = (folded?.height ?? props.height ?? rowHeight) + more_room[useDensity()];
  const { first, last, width, scrolled, hovered, onScroll, onHover } = useWindow(grid, height);
  const fitting = useFitting(props.columns, width);
  const columns = folded?.columns ?? fitting;
  const least = folded ? 0 : (props.least ?? 0);
  const is_held = props.is_still || scrolled || hovered || peeked != null || (chosen?.size ?? 0) > 0;
  const { rows, waiting, show } = useHeldRows(props.rows, keyOf, is_held);
  const { at, is_gone, put, onFocus } = useCursor(grid, rows, keyOf, height);
  const { onEnd } = props;
  useEffect(() => {
    if (rows.length > 0 && last + ahead_rows >= rows.length) onEnd?.();
  }, [last, rows.length, onEnd]);
  useFocusByKey(grid);
  useKeyWords({
    'j k': 'Next and previous row',
    ...(onPeek && { Space: 'Look at the row beside the list' }),
    ...(onOpen && { Enter: 'Open the row' }),
    ...(onChoose && { x: 'Choose the row' }),
    ...(props.onMenu && { '.': 'What can be done with the row' }),
  });
  const latest = useRef(props);
  latest.current = props;
  const pick = useCallback(
    (place: number, row: Row, is_plain: boolean) => {
      put(place, row);
      const { onPeek: peek, onOpen: open } = latest.current;
      if (!is_plain) return;
      // The keys of the list go on from the row that was clicked, not from the cell in it.
      grid.current?.focus({ preventScroll: true });
      (peek ?? open)?.(row);
    },
    [put],
  );
  const open = useCallback((row: Row) => latest.current.onOpen?.(row), []);
  const choose = useCallback((row: Row) => latest.current.onChoose?.(row), []);
  const menu = useCallback((row: Row, place: Place) => latest.current.onMenu?.(row, place), []);
  const { tracks, wider_px, drag, widen } = useWidths(columns, props.widths, props.onWidth);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[next];
    if (row !== undefined) put(next, row);
    reveal(grid.current, next, height);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== grid.current || event.metaKey || event.ctrlKey || event.altKey || rows.length === 0) return;
    const row = is_gone ? undefined : rows[at];
    const box = document.getElementById(`${id}-${at}`)?.getBoundingClientRect();
    const below = { x: (box?.left ?? 0) + 24, y: box?.bottom ?? 0 };
    if (act(event.key, { row, at, below, count: rows.length, move, ...props })) event.preventDefault();
  };
  const style = {
    '--columns': [...(onChoose ? [choice_width] : []), ...tracks].join(' '),
    '--least': `${least + wider_px}px`,
    '--row': `${height}px`,
  };

  return (
    <div className={styles.frame}>
      <Waiting rows={waiting} grid={grid} onShow={show} />
      <div
        ref={grid}
        className={styles.grid}
        style={style as Record<string, string>}
        role="grid"
        aria-label={label}
        aria-rowcount={total === null ? -1 : (total ?? rows.length) + 1}
        aria-multiselectable={onChoose !== undefined}
        aria-activedescendant={rows.length > 0 && !is_gone ? `${id}-${at}` : undefined}
        tabIndex={0}
        onFocus={onFocus}
        onScroll={onScroll}
        onMouseEnter={() => onHover(true)}
        onMouseLeave={() => onHover(false)}
        onKeyDown={onKeyDown}
      >
        <TableHead columns={columns} can_choose={onChoose !== undefined} onDrag={drag} onWidth={widen} />
        <div
          className={styles.body}
          role="rowgroup"
          style={rows.length === 0 ? { minWidth: 0 } : { height: rows.length * height }}
        >
          {rows.length === 0 && (
            <div role="row" tabIndex={-1}>
              <div role="gridcell" tabIndex={-1}>
                {empty}
              </div>
            </div>
          )}
          {rows.slice(first, last).map((row, offset) => (
            <TableRow
              key={keyOf(row)}
              row={row}
              at={first + offset}
              height={height}
              id={`${id}-${first + offset}`}
              columns={columns}
              is_peeked={peeked === keyOf(row)}
              is_active={!is_gone && first + offset === at}
              is_chosen={onChoose ? (chosen?.has(keyOf(row)) ?? false) : null}
              onPick={pick}
              onOpen={open}
              onChoose={choose}
              onMenu={props.onMenu ? menu : undefined}
            />
          ))}
        </div>
      </div>
      {footer && <div className={styles.foot}>{footer}</div>}
    </div>
  );
}

interface WaitingProps {
  rows: number;
  grid: RefObject<HTMLDivElement | null>;
  onShow: () => void;
}

/** How many rows are new, and the way to them. */
function Waiting({ rows, grid, onShow }: WaitingProps) {
  if (rows === 0) return null;
  const show = () => {
    onShow();
    grid.current?.scrollTo({ top: 0 });
  };
  return (
    <div className={styles.pill} role="status">
      <button type="button" onClick={show}>
        {rows} new
      </button>
    </div>
  );
}

/** The columns that there is room for; the same as before until a width adds or takes one, and then rows are made again. */
function useFitting<Row>(all: readonly Column<Row>[], width: number): readonly Column<Row>[] {
  const fits = ({ from = 0 }: Column<Row>) => from <= width;
  const count = all.filter(fits).length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a wider table has all columns of a narrower one
  return useMemo(() => all.filter(fits), [all, count]);
}

/** The one column of rows in several lines; null: the window is wide enough for all of them. */
function useFolded<Row>({ folded, label }: TableProps<Row>) {
  const is_narrow = useNarrow(folded?.below ?? 0);
  return useMemo(() => {
    if (!folded || !is_narrow) return null;
    const { height, cell } = folded;
    const columns: Column<Row>[] = [{ id: 'folded', title: label, width: 'minmax(0, 1fr)', cell }];
    return { height, columns };
  }, [folded, is_narrow, label]);
}

interface Acting<Row> extends Pick<TableProps<Row>, 'onOpen' | 'onPeek' | 'onChoose' | 'onMenu' | 'onKey'> {
  /** Undefined: the row that had the cursor is gone, and the keys are about none until the cursor is moved. */
  row: Row | undefined;
  at: number;
  /** Where a menu of the row opens. */
  below: Place;
  count: number;
  move: (to: number) => void;
}

const page_rows = 20;

function act<Row>(key: string, of: Acting<Row>): boolean {
  const { row, at, below, count, move, onOpen, onPeek, onChoose, onMenu, onKey } = of;
  // Below a row that is gone comes the one that has its place.
  const next = row === undefined ? at : at + 1;
  const steps: Record<string, number> = {
    j: next,
    ArrowDown: next,
    k: at - 1,
    ArrowUp: at - 1,
    PageDown: at + page_rows,
    PageUp: at - page_rows,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  if (to !== undefined) move(to);
  else if (row === undefined) return false;
  else if (key === 'Enter' && onOpen) onOpen(row);
  else if (key === ' ' && onPeek) onPeek(row);
  else if (key === 'x' && onChoose) onChoose(row);
  else if (key === '.' && onMenu) onMenu(row, below);
  else return onKey?.(key, row) ?? false;
  return true;
}

/** `j` or `k` on a page where nothing has the focus gives it to the table. */
function useFocusByKey(grid: RefObject<HTMLDivElement | null>): void {
  useLayoutEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const is_free = document.activeElement === document.body && !event.metaKey && !event.ctrlKey;
      if (is_free && (event.key === 'j' || event.key === 'k')) grid.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [grid]);
}
