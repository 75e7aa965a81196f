import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { Button } from '../ui/Button.tsx';
import { useToast } from '../ui/Toast.tsx';
import styles from './Chosen.module.css';

/** As many as are acted on at once. */
const most_chosen = 200;

export interface Choice<Row> {
  chosen: ReadonlySet<string>;
  rows: readonly Row[];
  toggle: (row: Row) => void;
  clear: () => void;
}

/** Which rows of a list are chosen, as they are now or were last seen; another question begins with none. */
export function useChoice<Row>(rows: readonly Row[], keyOf: (row: Row) => string, question: string): Choice<Row> {
  const toast = useToast();
  const [kept, setKept] = useState<ReadonlyMap<string, Row>>(new Map());
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each question
  useEffect(() => setKept(new Map()), [question]);
  const chosen = useMemo(() => new Set(kept.keys()), [kept]);
  const latest = useMemo(() => {
    if (kept.size === 0) return [];
    const listed = new Map(rows.filter((row) => kept.has(keyOf(row))).map((row) => [keyOf(row), row]));
    return [...kept].map(([key, row]) => listed.get(key) ?? row);
  }, [rows, kept, keyOf]);
  const toggle = (row: Row) => {
    const next = new Map(kept);
    if (!next.delete(keyOf(row))) next.set(keyOf(row), row);
    if (next.size > most_chosen) toast(`At most ${most_chosen} are chosen at once`, { tone: 'crit' });
    else setKept(next);
  };
  return { chosen, rows: latest, toggle, clear: () => setKept(new Map()) };
}

/** How many rows are chosen, and what can be done with them. */
export function Chosen<Row>({ of, children }: { of: Choice<Row>; children: ReactNode }) {
  if (of.rows.length === 0) return null;
  return (
    <section className={styles.bar} aria-label="Chosen rows">
      <span role="status">{of.rows.length} chosen</span>
      {children}
      <Button small kind="plain" onClick={of.clear}>
        Choose none
      </Button>
    </section>
  );
}
