import type { ReactNode } from 'react';
import { type RunRow, run_columns } from '../../parts/run-columns.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Activity.module.css';

interface Props {
  run: RunRow;
  /** The way to its incident. */
  children: ReactNode;
}

/** A run that has ended in three lines, for a narrow window: how it ended, what it was, and what was decided. */
export const FoldedEnded = ({ run, children }: Props) => (
  <div className={styles.folded}>
    <div>
      {run_columns.outcome.cell(run)}
      <span className={`cut ${styles.rest}`}>{run_columns.agent.cell(run)}</span>
      <span className="quiet">{run_columns.elapsed.cell(run)}</span>
      {run_columns.cost.cell(run)}
    </div>
    <div className="cut">{run_columns.name.cell(run)}</div>
    <div>
      <span className="quiet">decisions</span> {run_columns.decisions.cell(run)}
      <span className="quiet">incident</span> {children}
      <span className={styles.rest} />
      <span className="quiet">
        <Time at={run.ended_at} />
      </span>
    </div>
  </div>
);
