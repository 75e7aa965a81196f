import { useState } from 'react';
import { rooms } from '../routes.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { keyWordsNow, withCommand } from '../ui/key-words.ts';
import { areKeysOff, setKeysOff } from './keys.ts';
import styles from './Shell.module.css';

const always: readonly (readonly [string, string])[] = [
  [withCommand('K'), 'Search, go to, do'],
  ...rooms.map(({ key, name }) => [`g ${key}`, name] as const),
  ['c', 'Write a new policy'],
  [withCommand('Shift C'), 'Copy the link of this page'],
  ['?', 'This map'],
];

/** What every key does on this page, and the switch for those who press them by accident. */
export function KeyMap({ onClose }: { onClose: () => void }) {
  const [off, setOff] = useState(areKeysOff);
  const [here] = useState(keyWordsNow);
  const change = (to: boolean) => {
    setKeysOff(to);
    setOff(to);
  };
  return (
    <Dialog open onClose={onClose} title="Keyboard">
      {here.length > 0 && <Keys title="On this page" of={here} />}
      <Keys title="Everywhere" of={always} />
      <label>
        <input type="checkbox" checked={off} onChange={(event) => change(event.target.checked)} /> Switch single keys
        off
      </label>
    </Dialog>
  );
}

const Keys = ({ title, of }: { title: string; of: readonly (readonly [string, string])[] }) => (
  <section aria-label={title}>
    <h3>{title}</h3>
    <dl className={styles.keys}>
      {of.map(([key, what]) => (
        <div key={key} style={{ display: 'contents' }}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  </section>
);
