import type { ReactNode } from 'react';
import { CopyButton } from './Id.tsx';
import styles from './KeyValue.module.css';

/** Names and what they stand for, one to a line; an absent value is a dash. */
export function KeyValue({ of }: { of: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles.list}>
      {of.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value ?? <span className="faint">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Text as it is, never as markup: what agents and models wrote comes here. */
export function Code({ text, label = 'Text' }: { text: string; label?: string }) {
  return (
    <div className={styles.holder}>
      <pre className={styles.code} tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <span className={styles.copy}>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </span>
    </div>
  );
}

export const Json = ({ value, label = 'JSON' }: { value: unknown; label?: string }) => (
  <Code text={JSON.stringify(value, null, 2) ?? 'null'} label={label} />
);
