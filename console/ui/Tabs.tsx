import type { ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './Tabs.module.css';

export interface Tab {
  href: string;
  name: string;
  count?: number | undefined;
  current: boolean;
}

/** Parts of a page or of a room, each with an address of its own. */
export function Tabs({ of, label, children }: { of: readonly Tab[]; label: string; children?: ReactNode }) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {of.map(({ href, name, count, current }) => (
        <Link key={name} href={href} aria-current={current ? 'page' : undefined}>
          {name}
          {count !== undefined && <span className={styles.count}>{count}</span>}
        </Link>
      ))}
      {children && <span className={styles.rest}>{children}</span>}
    </nav>
  );
}
