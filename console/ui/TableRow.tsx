import { type MouseEvent, memo, type ReactNode } from 'react';
import type { Place } from './Menu.tsx';
import styles from './Table.module.css';

export interface CellColumn<Row> {
  id: string;
  align?: 'end';
  /** Stays in sight at the right end when the table scrolls sideways. */
  stays?: boolean;
  cell: (row: Row) => ReactNode;
}

interface Props<Row> {
  row: Row;
  /** Its place in the whole list, from 0. */
  at: number;
  id: string;
  /** In pixels. */
  height: number;
  columns: readonly CellColumn<Row>[];
  is_peeked: boolean;
  /** It has the cursor. */
  is_active: boolean;
  /** Null: rows of this list cannot be chosen. */
  is_chosen: boolean | null;
  onPick: (at: number, row: Row, is_plain: boolean) => void;
  onOpen: (row: Row) => void;
  onChoose: (row: Row) => void;
  onMenu: ((row: Row, at: Place) => void) | undefined;
}

function TableRowOf<Row>(props: Props<Row>) {
  const { row, at, id, height, columns, is_peeked, is_active, is_chosen, onPick, onOpen, onChoose, onMenu } = props;
  return (
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-rowindex={at + 2}
      aria-selected={is_chosen ?? is_peeked}
      className={`${styles.row} ${is_active ? styles.active : ''} ${is_peeked ? styles.peeked : ''}`}
      style={{ top: at * height }}
      onClick={(event) => onPick(at, row, isPlain(event))}
      onDoubleClick={() => onOpen(row)}
      onContextMenu={(event) => {
        if (!onMenu || !isPlain(event)) return;
        event.preventDefault();
        onMenu(row, { x: event.clientX, y: event.clientY });
      }}
      onKeyDown={() => undefined}
    >
      {is_chosen !== null && (
        <div role="gridcell" tabIndex={-1} className={styles.choice}>
          <label>
            <input
              type="checkbox"
              tabIndex={-1}
              checked={is_chosen}
              aria-label="Choose this row"
              onChange={() => onChoose(row)}
            />
          </label>
        </div>
      )}
      {columns.map((column) => (
        <div key={column.id} role="gridcell" tabIndex={-1} className={cellClass(column)}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** While the list scrolls, rows that stay in sight are not made again. */
export const TableRow = memo(TableRowOf) as typeof TableRowOf;

export const cellClass = ({ align, stays }: { align?: 'end'; stays?: boolean }): string =>
  `${styles.cell} ${align === 'end' ? styles.end : ''} ${stays ? styles.stays : ''}`;

/** A click on a link or a button in a row is about that and not about the row. */
const isPlain = ({ target }: MouseEvent): boolean =>
  target instanceof Element && target.closest('a, button, input, label') === null;
