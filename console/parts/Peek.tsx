import { type ReactNode, useLayoutEffect } from 'react';
import { Button } from '../ui/Button.tsx';
import { Glyph } from '../ui/Glyph.tsx';
import styles from './Peek.module.css';

interface Props {
  title: ReactNode;
  label: string;
  onClose: () => void;
  children: ReactNode;
}

/** A panel beside a list that shows one of its rows; Escape closes it. */
export function Peek({ title, label, onClose, children }: Props) {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) onClose();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [onClose]);
  return (
    <aside className={styles.peek} aria-label={label}>
      <header className={styles.head}>
        <h2>{title}</h2>
        <Button small kind="plain" onClick={onClose} aria-label="Close the panel">
          <Glyph name="cross" size={10} />
        </Button>
      </header>
      <div className={styles.body}>{children}</div>
    </aside>
  );
}

/** A list with the panel beside it, as high as what is left of the window. */
export const WithPeek = ({ children }: { children: ReactNode }) => <div className={styles.both}>{children}</div>;
