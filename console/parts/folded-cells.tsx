import { useMemo } from 'react';
import type { Column, Folded } from '../ui/Table.tsx';
import styles from './FoldedCells.module.css';

/** Below it a list has no room for columns, in pixels of the window. */
const narrow_px = 640;
const head_px = 36;
const line_px = 24;
/** So many columns have a line each; more stand two by two. */
const most_alone = 5;

/** The rows of a list without a form of its own for narrow windows: two columns as their head, the others under it by title. */
export function useFoldedCells<Row>(columns: readonly Column<Row>[]): Folded<Row> {
  return useMemo(() => {
    const [first, second, ...others] = columns;
    const across = others.length <= most_alone ? 1 : 2;
    return {
      below: narrow_px,
      height: head_px + 8 + line_px * Math.ceil(others.length / across),
      cell: (row: Row) => (
        <div className={styles.folded}>
          <div className={styles.head}>
            {first?.cell(row)}
            <strong className="cut">{second?.cell(row)}</strong>
          </div>
          <div className={across === 1 ? styles.alone : styles.others}>
            {others.map(({ id, title, cell }) => (
              <div key={id}>
                <span className="faint">{title}</span> <span className="cut">{cell(row)}</span>
              </div>
            ))}
          </div>
        </div>
      ),
    };
  }, [columns]);
}
