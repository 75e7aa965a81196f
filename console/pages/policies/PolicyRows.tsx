import type { CSSProperties, ReactNode } from 'react';
import styles from './PolicyRows.module.css';

/** A small list whose rows have columns where there is room, and become lines where there is none. */
export const PolicyRows = ({ columns, children }: { columns: string; children: ReactNode }) => (
  <ul className={styles.rows} style={{ '--columns': columns } as CSSProperties}>
    {children}
  </ul>
);
