import { memo } from 'react';
import { Edge } from './Edge.tsx';
import styles from './Table.module.css';
import { type CellColumn, cellClass } from './TableRow.tsx';
import type { Titled } from './widths.ts';

interface Props<Row> {
  columns: readonly (CellColumn<Row> & Titled)[];
  can_choose: boolean;
  onDrag: (id: string, px: number | null) => void;
  /** Absent: the columns are as wide as they are. */
  onWidth: ((id: string, px: number | null) => void) | undefined;
}

function TableHeadOf<Row>({ columns, can_choose, onDrag, onWidth }: Props<Row>) {
  return (
    <div className={styles.head} role="row" aria-rowindex={1} tabIndex={-1}>
      {can_choose && (
        <div role="columnheader" tabIndex={-1}>
          <span className="only-read">Chosen</span>
        </div>
      )}
      {columns.map((column) => (
        <div key={column.id} role="columnheader" tabIndex={-1} className={`${cellClass(column)} ${styles.title}`}>
          <span className="cut">{column.title}</span>
          {onWidth && column.title !== '' && (
            <Edge onDrag={(px) => onDrag(column.id, px)} onWidth={(px) => onWidth(column.id, px)} />
          )}
        </div>
      ))}
    </div>
  );
}

/** Scrolling does not make the titles again. */
export const TableHead = memo(TableHeadOf) as typeof TableHeadOf;
