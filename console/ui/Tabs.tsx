import type { ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './Tabs.module.css';

export interface Tab {
  href: string;
  name: string;
  count?: number | undefined;
  /** What is counted, for those who do not see where the count stands. */
  counted?: string;
  current: boolean;
}

/** Parts of a page or of a room, each with an address of its own. */
export function Tabs({ of, label, children }: { of: readonly Tab[]; label: string; children?: ReactNode }) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {of.map(({ href, name, count, counted, current }) => (
        <Link key={name} href={href} aria-current={current ? 'page' : undefined}>
          {name}
          {count !== undefined && (
            <span className={styles.count}>
              {count}
              {counted && <span className="only-read"> {counted}</span>}
            </span>
          )}
        </Link>
      ))}
      {children && <span className={styles.rest}>{children}</span>}
    </nav>
  );
}
