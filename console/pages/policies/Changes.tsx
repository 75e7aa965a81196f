import { useState } from 'react';
import type { Answer } from '../../api.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Code } from '../../ui/KeyValue.tsx';
import styles from './PolicyVersions.module.css';

type Change = Answer<'diffPolicyVersions'>['changes'][number];

const signs = { added: '+', removed: '−', changed: '~' } as const;
const ways = ['In words', 'As JSON'] as const;

/** What turns one policy into another, field by field; in words, or as the members of the documents. */
export function Changes({ of }: { of: readonly Change[] }) {
  const [way, setWay] = useState<(typeof ways)[number]>('In words');
  if (of.length === 0) return <p className="quiet">Nothing: both say the same.</p>;
  return (
    <>
      <fieldset className={styles.ways} aria-label="How the changes are shown">
        {ways.map((one) => (
          <Button key={one} small aria-pressed={one === way} onClick={() => setWay(one)}>
            {one}
          </Button>
        ))}
      </fieldset>
      {way === 'As JSON' ? (
        <Code
          label="Changes"
          text={JSON.stringify(
            of.map(({ path, before, after }) => ({ path, before, after })),
            null,
            2,
          )}
        />
      ) : (
        <ul className={styles.changes}>
          {of.map((change) => (
            <li key={`${change.path} ${change.words}`} className={styles[change.change]}>
              <span aria-hidden="true">{signs[change.change]}</span>
              <span>
                <Said text={change.words} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
