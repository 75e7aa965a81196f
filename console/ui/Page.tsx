import { type ReactNode, useEffect } from 'react';
import styles from './Page.module.css';

interface Props {
  /** Of the document and, unless `heading` is given, of the page. */
  title: string;
  heading?: ReactNode;
  /** What stands beside the heading. */
  about?: ReactNode;
  actions?: ReactNode;
  /** As high as the window: its table scrolls and the page does not. */
  full?: boolean;
  children: ReactNode;
}

/** A page: its one heading, what can be done, and its content. */
export function Page({ title, heading, about, actions, full = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · AOS`;
  }, [title]);
  return (
    <div className={`${styles.page} ${full ? styles.full : ''}`}>
      <header className={styles.head}>
        <h1>{heading ?? title}</h1>
        {about}
        <span className={styles.rest} />
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <header className={styles.head} style={{ minHeight: 24 }}>
        <h2>{title}</h2>
        <span className={styles.rest} />
        {aside}
      </header>
      {children}
    </section>
  );
}

export const Panel = ({ children }: { children: ReactNode }) => <div className={styles.panel}>{children}</div>;

/** Three fifths and two fifths; one column on narrow windows. */
export const Columns = ({ children }: { children: ReactNode }) => <div className={styles.columns}>{children}</div>;
