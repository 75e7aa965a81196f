import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { hrefOf, isShown } from '../paths.ts';
import chip from '../ui/Chip.module.css';
import { shortId } from '../ui/format.ts';
import { Id } from '../ui/Id.tsx';
import styles from './Chips.module.css';

interface Target {
  href: string;
  text: ReactNode;
}

interface Props {
  run?: Target | string;
  incident?: Target | string;
  policy?: Target | string;
  log?: Target | string;
  decision?: Target | string;
}

const order = ['run', 'incident', 'policy', 'log', 'decision'] as const;
const names = { run: 'Run', incident: 'Incident', policy: 'Policy', log: 'Log', decision: 'Decision' };

/** The ways from one thing to what belongs to it, in the same order everywhere; a missing one says why. */
export function Chips(props: Props) {
  const given = order.filter((kind) => props[kind] !== undefined);
  return (
    <ul className={styles.chips} aria-label="What belongs to it">
      {given.map((kind) => {
        const target = props[kind];
        return (
          <li key={kind}>
            {typeof target === 'object' ? (
              <Link href={target.href} className={`${chip.chip} ${chip.neutral}`}>
                {names[kind]} {target.text}
              </Link>
            ) : (
              <span className={`${chip.chip} ${chip.neutral} ${styles.missing}`}>
                {names[kind]}: {target}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** A chip to the page of this id; without one, why there is none. */
export const toId = (id: string | null | undefined, otherwise: string): Target | string =>
  id ? { href: hrefOf(id), text: <code>{shortId(id)}</code> } : otherwise;

/** A link with the name of what it leads to, or the short form of its id; no link where nothing shows it. */
export function IdLink({ id, name = null }: { id: string; name?: string | null }) {
  if (!isShown(id)) return name ?? <Id id={id} />;
  return (
    <Link href={hrefOf(id)} title={id}>
      {name ?? <code>{shortId(id)}</code>}
    </Link>
  );
}
