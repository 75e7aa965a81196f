import type { ReactNode } from 'react';
import { type RunRow, run_columns } from '../../parts/run-columns.tsx';
import styles from './Activity.module.css';
import { TightestLimit } from './live-columns.tsx';

/** A live run in three lines, for a narrow window: what it is and costs, what it wants, and its limit and its end. */
export const FoldedRun = ({ run, children }: { run: RunRow; children: ReactNode }) => (
  <div className={styles.folded}>
    <div>
      {run_columns.state.cell(run)}
      <span className={`cut ${styles.rest}`}>{run_columns.agent.cell(run)}</span>
      <span className="quiet">{run_columns.elapsed.cell(run)}</span>
      {run_columns.cost.cell(run)}
    </div>
    <div className="cut">{run_columns.name.cell(run)}</div>
    <div>
      <span className={styles.rest}>
        <TightestLimit run={run} />
      </span>
      <span>{children}</span>
    </div>
  </div>
);
